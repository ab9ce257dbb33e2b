extension Span where Element == UInt8 {
    /// Returns whether a range contains exactly this text.
    @inlinable @inline(__always)
    package func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard text.utf8CodeUnitCount == range.count else { return false }
        for offset in 0..<range.count where self[range.lowerBound + offset] != text.byte(at: offset) {
            return false
        }
        return true
    }

    /// Returns whether a range contains this lower-case text in any case (RFC 9110 section 5.1).
    @inlinable @inline(__always)
    package func equalsIgnoringCase(_ lowercased: StaticString, in range: Range<Int>) -> Bool {
        guard lowercased.utf8CodeUnitCount == range.count else { return false }
        for offset in 0..<range.count
        where self[range.lowerBound + offset].lowercased != lowercased.byte(at: offset) {
            return false
        }
        return true
    }

    /// Returns whether a range contains this lower-case text in any case (RFC 9110 section 5.1).
    @inlinable @inline(__always)
    package func equalsIgnoringCase(_ lowercased: Span<UInt8>, in range: Range<Int>) -> Bool {
        guard lowercased.count == range.count else { return false }
        for offset in 0..<range.count
        where self[range.lowerBound + offset].lowercased != lowercased[offset] {
            return false
        }
        return true
    }
}
