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
}

extension StaticString {
    /// A byte of a text that stands in the program, within its length.
    @inline(__always)
    fileprivate func byte(at offset: Int) -> UInt8 {
        precondition(hasPointerRepresentation && offset >= 0 && offset < utf8CodeUnitCount)
        return unsafe utf8Start[offset]
    }
}
