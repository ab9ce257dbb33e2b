internal import Bytes

/// Percent-decodes a part of a URL. The result is passed to C, so it must not contain NUL. `part` names it in
/// errors.
func decoded(_ text: Substring, _ part: String) throws(DatabaseAddressError) -> String {
    guard let bytes = percentDecoded(text.utf8) else {
        throw DatabaseAddressError("has a % in its \(part) that does not begin %XX; write it as %25")
    }
    guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
        throw DatabaseAddressError("has a \(part) that is not text")
    }
    return decoded
}

extension Substring {
    /// Returns the text before the first separator, and the text after it, which is nil without a separator.
    func divided(at separator: Character) -> (Substring, Substring?) {
        guard let position = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<position], self[index(after: position)...])
    }
}
