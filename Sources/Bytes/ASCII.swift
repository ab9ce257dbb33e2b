extension UInt8 {
    /// The value of a decimal digit (RFC 5234 appendix B.1), or nil.
    @inlinable @inline(__always)
    package var decimalValue: Int? {
        let value = self &- UInt8(ascii: "0")
        return value < 10 ? Int(value) : nil
    }

    /// Whether this is a decimal digit.
    @inlinable @inline(__always)
    package var isDecimalDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// The value of a hexadecimal digit in either case (RFC 5234 appendix B.1 and RFC 9112 section 7.1), or
    /// nil.
    @inlinable @inline(__always)
    package var hexadecimalValue: Int? {
        if let decimalValue { return decimalValue }
        let letter = (self | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? Int(letter) + 10 : nil
    }

    /// Whether this is an ASCII letter or a decimal digit.
    @inlinable @inline(__always)
    package var isLetterOrDigit: Bool { isDecimalDigit || (self | 0x20) &- UInt8(ascii: "a") < 26 }

    /// The lower-case letter for an upper-case one; any other byte unchanged.
    @inlinable @inline(__always)
    package var lowercased: UInt8 { self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self }

    /// The lower-case digit for a value from 0 to 15.
    @inlinable @inline(__always)
    package static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}

extension StringProtocol {
    /// Whether the text is one or more decimal digits, without a sign.
    package var isDecimal: Bool { !isEmpty && utf8.allSatisfy(\.isDecimalDigit) }
}
