import Time

/// Renders points in time as HTTP does.
package enum HTTPDate {
    /// The IMF-fixdate (RFC 9110 section 5.6.7) of a number of seconds since 1970 in UTC, without leap
    /// seconds: `Sun, 06 Nov 1994 08:49:37 GMT`, always 29 bytes.
    ///
    /// The form holds the years 0 to 9999; what lies outside is rendered as the nearest second inside.
    package static func render(unixSeconds: Int64) -> [UInt8] {
        let seconds = min(max(unixSeconds, earliest), latest)
        let day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = Int(seconds - day * 86400)
        let date = CivilDate(daysSince1970: Int(day))
        var text: [UInt8] = []
        text.reserveCapacity(29)
        // 1 January 1970 was a Thursday, the fifth name.
        append(name: (Int(day) % 7 + 11) % 7, of: "SunMonTueWedThuFriSat", to: &text)
        text += [UInt8(ascii: ","), .space]
        append(date.day, digits: 2, to: &text)
        text.append(.space)
        append(name: date.month - 1, of: "JanFebMarAprMayJunJulAugSepOctNovDec", to: &text)
        text.append(.space)
        append(date.year, digits: 4, to: &text)
        text.append(.space)
        append(second / 3600, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(second % 60, digits: 2, to: &text)
        text += [.space, UInt8(ascii: "G"), UInt8(ascii: "M"), UInt8(ascii: "T")]
        return text
    }

    /// The first second of the year 0 and the last of the year 9999.
    private static let earliest: Int64 = -62_167_219_200
    private static let latest: Int64 = 253_402_300_799

    private static func append(name index: Int, of names: String, to text: inout [UInt8]) {
        text += names.utf8.dropFirst(index * 3).prefix(3)
    }

    private static func append(_ value: Int, digits: Int, to text: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
