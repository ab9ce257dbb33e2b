import Bytes
import TOML

/// Returns the name of a variable or an option for a message. A name with characters other than letters,
/// digits, dashes and underscores is quoted, so that it can neither break the line nor control the terminal.
func legible(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { $0.isLetterOrDigit || "-_".utf8.contains($0) }
    return isPlain ? name : quoted(name)
}
