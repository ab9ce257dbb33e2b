/// A TOML basic string, in one line whatever the text.
func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\":
            return "\\\(scalar)"
        case " "..."~":
            return String(scalar)
        default:
            let digits = String(scalar.value, radix: 16)
            return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
    }
    return "\"\(escaped.joined())\""
}
