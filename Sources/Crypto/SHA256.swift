internal import Bytes
internal import CCrypto

/// A SHA-256 digest (FIPS 180-4), computed by libcrypto.
package struct SHA256Digest: Hashable, Sendable {
    /// The 32 bytes as four numbers, most significant byte first.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    /// Hashes all bytes of a span.
    ///
    /// - Precondition: libcrypto offers SHA-256 and has memory. OpenSSL 3's default provider always offers
    ///   it.
    package init(hashing bytes: Span<UInt8>) {
        var digest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let result = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeMutableBytes(of: &digest) { digest in
                unsafe megaphone_sha256(bytes.baseAddress, bytes.count, digest.baseAddress)
            }
        }
        precondition(result == 0, "libcrypto cannot compute SHA-256")
        words = (digest.0.bigEndian, digest.1.bigEndian, digest.2.bigEndian, digest.3.bigEndian)
    }

    /// Creates a digest from its four words, most significant first.
    package init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
        }
    }

    /// 64 lower-case hexadecimal digits.
    package var hexadecimal: String {
        [words.0, words.1, words.2, words.3].map { Bytes.hexadecimal($0, digits: 16) }.joined()
    }

    /// Compares in constant time.
    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
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
