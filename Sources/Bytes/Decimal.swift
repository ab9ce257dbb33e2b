/// Returns the number that 1 to `maximumDigits` decimal digits denote. Nil for anything else. `maximumDigits`
/// is at most 18, so that the number fits.
package func decimalNumber(_ digits: some Collection<UInt8>, maximumDigits: Int) -> Int? {
    guard (1...maximumDigits).contains(digits.count) else { return nil }
    var number = 0
    for digit in digits {
        guard let value = digit.decimalValue else { return nil }
        number = number * 10 + value
    }
    return number
}

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
