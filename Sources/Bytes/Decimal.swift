extension [UInt8] {
    /// Appends a number in decimal. `String(_:)` would allocate for a long one.
    package mutating func appendDecimal(_ number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(number.magnitude, minimumDigits: 1)
    }

    /// Appends a number in decimal, with leading zeros up to `minimumDigits`, which is at most 20.
    package mutating func appendDecimal(_ number: UInt, minimumDigits: Int) {
        // `UInt.max` has 20 digits. The last digit is computed first.
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            digits[start] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in Swift.min(start, digits.count - minimumDigits)..<digits.count { append(digits[index]) }
    }
}
