internal import Bytes
internal import Crypto

/// The SHA-256 of a token. The token itself is not kept.
package struct TokenDigest: Sendable {
    private let digest: SHA256Digest

    /// Hashes a token given as text.
    package init(token: String) {
        self.init(token: Array(token.utf8)[...])
    }

    /// Hashes a token in the bytes of a request.
    package init(token: ArraySlice<UInt8>) {
        digest = SHA256Digest(hashing: token.span)
    }

    /// Returns whether a text can be sent as a bearer token: printable ASCII without leading or trailing
    /// spaces, at least one character (RFC 9110 section 5.5).
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.first != " " && text.last != " "
            && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Parses `sha256:` and 64 hexadecimal digits, the form that `hash-token` prints and the configuration
    /// accepts (config.example.toml). Nil for anything else.
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

    /// The digest in the form that `init(configured:)` parses. It is as confidential as the configuration.
    package var configured: String { Self.prefix + digest.hexadecimal }

    private static let prefix = "sha256:"
}

extension TokenDigest: Hashable {}

extension TokenDigest: CustomStringConvertible, CustomReflectable {
    /// Hides the digest, so that string interpolation and `dump` cannot write it to a log.
    package var description: String { "TokenDigest(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
