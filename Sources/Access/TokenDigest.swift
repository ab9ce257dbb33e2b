internal import Bytes
internal import Crypto

/// What is kept of a token: its SHA-256, from which the token cannot be had back.
package struct TokenDigest: Sendable {
    private let digest: SHA256Digest

    /// The digest of a token as an operator types it.
    package init(token: String) {
        self.init(token: Array(token.utf8)[...])
    }

    /// The digest of a token as it stands among the bytes of a request.
    package init(token: ArraySlice<UInt8>) {
        digest = SHA256Digest(hashing: token.span)
    }

    /// Whether a text can be a token: what a field value carries behind the word Bearer and a space, which is
    /// printable ASCII with no space at its ends (RFC 9110 section 5.5).
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.first != " " && text.last != " "
            && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Reads the form `sha256:` and 64 hexadecimal digits, in which `hash-token` prints a digest and the
    /// configuration may give it (config.example.toml). Nil when the text is anything else.
    package init?(configured text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard digits.count == 64 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for digit in digits {
            guard let value = digit.hexadecimalValue else { return nil }
            words.0 = words.0 << 4 | words.1 >> 60
            words.1 = words.1 << 4 | words.2 >> 60
            words.2 = words.2 << 4 | words.3 >> 60
            words.3 = words.3 << 4 | UInt64(value)
        }
        digest = SHA256Digest(words: words)
    }

    /// The digest in the form that `init(configured:)` reads. Anyone who may read the configuration may
    /// read it.
    package var configured: String { Self.prefix + digest.hexadecimal }

    private static let prefix = "sha256:"
}

extension TokenDigest: Hashable {}

extension TokenDigest: CustomStringConvertible, CustomReflectable {
    /// Shows nothing of the digest, so that none reaches a log by way of string interpolation or `dump`.
    package var description: String { "TokenDigest(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
