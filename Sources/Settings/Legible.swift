import Bytes
import TOML

/// The name of a variable or an option for a message. A name with other characters than letters, digits,
/// dashes and underscores is quoted: it could look like a line of its own, or control the terminal.
func legible(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { $0.isLetterOrDigit || "-_".utf8.contains($0) }
    return isPlain ? name : quoted(name)
}
