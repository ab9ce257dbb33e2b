extension Span where Element == UInt8 {
    /// Whether a range holds this text, byte for byte.
    @inline(__always)
    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard text.utf8CodeUnitCount == range.count else { return false }
        for offset in 0..<range.count where self[range.lowerBound + offset] != text.byte(at: offset) {
            return false
        }
        return true
    }

    /// Whether a range holds this text, which is given in lower case, in any case (RFC 9110 section 5.1).
    @inline(__always)
    func equalsIgnoringCase(_ lowercased: StaticString, in range: Range<Int>) -> Bool {
        guard lowercased.utf8CodeUnitCount == range.count else { return false }
        for offset in 0..<range.count {
            let byte = self[range.lowerBound + offset]
            let isCapital = byte &- UInt8(ascii: "A") < 26
            if (isCapital ? byte | 0x20 : byte) != lowercased.byte(at: offset) { return false }
        }
        return true
    }

    /// The first position from `start` on that holds a control character (RFC 5234 appendix B.1), or `end`.
    ///
    /// Eight bytes are looked at together: a head is mostly text, and passing over it is most of the work of
    /// reading one.
    func firstControl(from start: Int, to end: Int) -> Int {
        var position = start
        while end - position >= 8 {
            let controls = Self.controls(in: word(at: position))
            if controls != 0 { return position + controls.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < end, self[position] >= 0x20, self[position] != 0x7F { position += 1 }
        return position
    }

    /// Sets the highest bit of each byte that is a control character. What it says of the bytes after the
    /// first one may be wrong, because a subtraction borrows from them.
    private static func controls(in word: UInt64) -> UInt64 {
        let highest: UInt64 = 0x8080_8080_8080_8080
        let below0x20 = (word &- 0x2020_2020_2020_2020) & ~word
        let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
        let is0x7F = (delete &- 0x0101_0101_0101_0101) & ~delete
        return (below0x20 | is0x7F) & highest
    }

    /// Eight bytes, the first of them the least significant.
    private func word(at position: Int) -> UInt64 {
        precondition(position >= 0 && position + 8 <= count)
        let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
        return UInt64(littleEndian: word)
    }
}

extension [UInt8] {
    /// Appends a text that stands in the program, in one copy and without counting references.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        precondition(text.hasPointerRepresentation)
        unsafe append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension StaticString {
    /// A byte of a text that stands in the program, within its length.
    @inline(__always)
    fileprivate func byte(at offset: Int) -> UInt8 {
        precondition(hasPointerRepresentation && offset >= 0 && offset < utf8CodeUnitCount)
        return unsafe utf8Start[offset]
    }
}
