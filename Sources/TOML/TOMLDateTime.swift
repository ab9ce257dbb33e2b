internal import Bytes

/// An offset date-time of TOML, as RFC 3339 defines it.
package struct TOMLDateTime: Hashable, Sendable {
    /// Seconds since 1970-01-01 00:00 UTC, without leap seconds.
    package let unixSeconds: Int
    /// From 0 to 999,999,999.
    package let nanoseconds: Int

    /// Parses `2027-01-31T00:00:00Z`: with `T`, `t` or a space, a fraction of any length, and `Z`, `z` or an
    /// offset. Nil for anything else, such as a date without an offset. Second 60, a leap second, is the
    /// first second of the next minute.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>, _ bounds: ClosedRange<Int>) -> Int? {
            guard range.upperBound <= bytes.count,
                let number = decimalNumber(bytes[range], maximumDigits: range.count)
            else { return nil }
            return bounds.contains(number) ? number : nil
        }
        func has(_ characters: String, at index: Int) -> Bool {
            index < bytes.count && characters.utf8.contains(bytes[index])
        }
        guard let year = number(0..<4, 0...9999), has("-", at: 4), let month = number(5..<7, 1...12),
            has("-", at: 7), let day = number(8..<10, 1...Self.days(in: month, of: year)),
            has("Tt ", at: 10), let hour = number(11..<13, 0...23), has(":", at: 13),
            let minute = number(14..<16, 0...59), has(":", at: 16), let second = number(17..<19, 0...60)
        else { return nil }
        var position = 19
        var nanoseconds = 0
        if has(".", at: position) {
            let digits = bytes[(position + 1)...].prefix { $0.isDecimalDigit }
            guard !digits.isEmpty else { return nil }
            let padded = Array(digits.prefix(9)) + [UInt8](repeating: 0x30, count: max(0, 9 - digits.count))
            nanoseconds = decimalNumber(padded, maximumDigits: 9) ?? 0
            position += 1 + digits.count
        }
        guard let offset = Self.offset(bytes[position...]) else { return nil }
        let date = Self.daysSince1970(year, month, day)
        unixSeconds = ((date * 24 + hour) * 60 + minute) * 60 + second - offset
        self.nanoseconds = nanoseconds
    }

    /// Returns the seconds of `Z` or of an offset such as `+01:00`.
    private static func offset(_ bytes: ArraySlice<UInt8>) -> Int? {
        if bytes.elementsEqual([UInt8(ascii: "Z")]) || bytes.elementsEqual([UInt8(ascii: "z")]) { return 0 }
        let text = Array(bytes)
        guard text.count == 6, text[3] == UInt8(ascii: ":"),
            text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"),
            let hours = decimalNumber(text[1..<3], maximumDigits: 2), hours < 24,
            let minutes = decimalNumber(text[4..<6], maximumDigits: 2), minutes < 60
        else { return nil }
        let seconds = (hours * 60 + minutes) * 60
        return text[0] == UInt8(ascii: "-") ? -seconds : seconds
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Returns the number of days from 1970-01-01 to a date of the Gregorian calendar.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Years begin in March here, so that the leap day is the last one. Day 719,468 is 1970-01-01.
        let year = month > 2 ? year : year - 1
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
