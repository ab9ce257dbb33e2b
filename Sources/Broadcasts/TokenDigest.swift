import Crypto

/// What is kept of a token: its SHA-256, from which the token cannot be had back.
package struct TokenDigest: Sendable {
    /// The digest's 32 bytes, most significant first.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The digest of a token as an operator types it.
    package init(token: String) {
        self.init(token: Array(token.utf8)[...])
    }

    /// The digest of a token as it stands among the bytes of a request.
    package init(token: ArraySlice<UInt8>) {
        let digest = SHA256.hash(data: token)
        words = unsafe digest.withUnsafeBytes { bytes in
            let words = unsafe bytes.bindMemory(to: UInt64.self)
            return unsafe (words[0].bigEndian, words[1].bigEndian, words[2].bigEndian, words[3].bigEndian)
        }
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
        for digit in digits {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            append(nibble: UInt64(value))
        }
    }

    /// The digest in the form that `init(configured:)` reads. Whoever may see the configuration may see it.
    package var configured: String {
        let digits = [words.0, words.1, words.2, words.3].map { word in
            let significant = String(word, radix: 16)
            return String(repeating: "0", count: 16 - significant.count) + significant
        }
        return Self.prefix + digits.joined()
    }

    private static let prefix = "sha256:"

    /// Moves everything up by four bits and puts those of a hexadecimal digit at the end.
    private mutating func append(nibble: UInt64) {
        words.0 = words.0 << 4 | words.1 >> 60
        words.1 = words.1 << 4 | words.2 >> 60
        words.2 = words.2 << 4 | words.3 >> 60
        words.3 = words.3 << 4 | nibble
    }
}

extension TokenDigest: Hashable {
    /// Takes the same time wherever the two differ.
    package static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        let (left, right) = (left.words, right.words)
        return (left.0 ^ right.0) | (left.1 ^ right.1) | (left.2 ^ right.2) | (left.3 ^ right.3) == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension TokenDigest: CustomStringConvertible, CustomReflectable {
    /// Shows nothing of the digest, so that none reaches a log by way of string interpolation or `dump`.
    package var description: String { "TokenDigest(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
