/// Stands in for swift-crypto, most of which is BoringSSL: minutes of building, for a hash that is not ours
/// to fuzz. All that is asked of it here is that equal bytes have equal digests, and others hardly ever do.
package enum SHA256 {
    package static func hash(data: some Sequence<UInt8>) -> Digest {
        // FNV-1a, four times, each from an offset of its own.
        var words: [4 of UInt64] = [
            0xCBF2_9CE4_8422_2325, 0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB,
        ]
        for byte in data {
            for index in words.indices {
                words[index] = (words[index] ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
            }
        }
        return Digest(words: words)
    }
}

/// Thirty-two bytes.
package struct Digest: Sequence {
    let words: [4 of UInt64]

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    {
        try unsafe Swift.withUnsafeBytes(of: words, body)
    }

    package func makeIterator() -> Array<UInt8>.Iterator {
        unsafe withUnsafeBytes { unsafe Array($0) }.makeIterator()
    }
}
