extension Span where Element == UInt8 {
    /// Returns the first position from `start` on that has a control character (RFC 5234 appendix B.1), or
    /// `end`.
    ///
    /// Reads eight bytes at a time: a request's head is mostly text, and skipping text is most of the work of
    /// parsing a head.
    @inlinable
    package func firstControl(from start: Int, to end: Int) -> Int {
        var position = start
        while end - position >= 8 {
            let controls = Self.controls(in: word(at: position))
            if controls != 0 { return position + controls.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < end, self[position] >= 0x20, self[position] != 0x7F { position += 1 }
        return position
    }

    /// Returns a word with the highest bit set in each byte that is a control character. Only the first such
    /// byte, the least significant one, is certain: the subtraction borrows from the bytes after it.
    @inlinable @inline(__always)
    package static func controls(in word: UInt64) -> UInt64 {
        let highest: UInt64 = 0x8080_8080_8080_8080
        let below0x20 = (word &- 0x2020_2020_2020_2020) & ~word
        let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
        let is0x7F = (delete &- 0x0101_0101_0101_0101) & ~delete
        return (below0x20 | is0x7F) & highest
    }

    /// Returns eight bytes, the first one least significant.
    @inlinable @inline(__always)
    package func word(at position: Int) -> UInt64 {
        precondition(position >= 0 && position + 8 <= count)
        let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
        return UInt64(littleEndian: word)
    }
}
