extension [UInt8] {
    /// Appends a literal's bytes in one copy, without reference counting.
    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) {
        precondition(text.hasPointerRepresentation)
        unsafe append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension StaticString {
    /// Returns the byte at an offset within the literal's length.
    @inlinable @inline(__always)
    package func byte(at offset: Int) -> UInt8 {
        precondition(hasPointerRepresentation && offset >= 0 && offset < utf8CodeUnitCount)
        return unsafe utf8Start[offset]
    }
}
