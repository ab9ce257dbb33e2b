import Bytes
import TOML

/// Parses `cors_origins`: a list of origins, or `*`.
enum Origins {
    static let expectation = #"a list of origins such as ["https://example.com"], or "*""#

    /// Returns the origins, or nil if the value has another form. Throws a reason for each text that is not
    /// an origin, without quoting it.
    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> [String]? {
        let values: [SettingValue] = if case .list(let list) = value { list } else { [value] }
        let texts = values.compactMap(\.text)
        guard texts.count == values.count else { return nil }
        if texts == ["*"] || texts == [""] { return texts.filter { !$0.isEmpty } }
        let reasons = texts.indices.filter { !isOrigin(texts[$0]) }.map { index in
            "expects an origin without a path, such as https://example.com, as item \(index + 1) of the list"
        }
        guard reasons.isEmpty else { throw UnsuitableValue(reasons: reasons) }
        return texts
    }

    @Sendable
    static func show(_ origins: [String]) -> String {
        origins == ["*"] ? quoted("*") : "[\(origins.map(quoted).joined(separator: ", "))]"
    }

    /// `scheme "://" host [ ":" port ]` in lower case, as browsers send it (RFC 6454 section 6.2).
    private static func isOrigin(_ text: String) -> Bool {
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
            let authority = text.dropFirst(scheme.count)
            return !authority.isEmpty
                && authority.utf8.allSatisfy { byte in
                    byte.isLetterOrDigit && byte == byte.lowercased || ".-_:[]".utf8.contains(byte)
                }
        }
        return false
    }
}
