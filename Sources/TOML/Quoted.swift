internal import Bytes

/// Renders a text as a TOML basic string. The result is one line, whatever the text.
package func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\":
            return "\\\(scalar)"
        case " "..."~":
            return String(scalar)
        default:
            return "\\U" + hexadecimal(scalar.value, digits: 8)
        }
    }
    return "\"\(escaped.joined())\""
}
