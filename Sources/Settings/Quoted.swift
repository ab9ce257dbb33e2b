/// The name of a variable or an option as it was typed. It is quoted where it is made of more than letters,
/// digits, dashes and underscores: what it holds then could be taken for a line of its own, or for a command
/// to the terminal.
func legible(_ name: String) -> String {
    let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) }
    return isPlain ? name : quoted(name)
}

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
