internal import Bytes
import Time

/// The date format of HTTP.
package enum HTTPDate {
    /// Returns the IMF-fixdate (RFC 9110 section 5.6.7) of a time in seconds since 1970 in UTC, without leap
    /// seconds: `Sun, 06 Nov 1994 08:49:37 GMT`, always 29 bytes.
    ///
    /// The format holds the years 0 to 9999; other times are clamped to that range.
    package static func render(unixSeconds: Int) -> [UInt8] {
        let time = CalendarTime(unixSeconds: min(max(unixSeconds, earliest), latest))
        var text: [UInt8] = []
        text.reserveCapacity(29)
        append(name: time.weekday, of: "SunMonTueWedThuFriSat", to: &text)
        text.append(", ")
        text.appendDecimal(UInt(time.day), minimumDigits: 2)
        text.append(" ")
        append(name: time.month - 1, of: "JanFebMarAprMayJunJulAugSepOctNovDec", to: &text)
        text.append(" ")
        text.appendDecimal(UInt(time.year), minimumDigits: 4)
        text.append(" ")
        text.appendDecimal(UInt(time.hour), minimumDigits: 2)
        text.append(":")
        text.appendDecimal(UInt(time.minute), minimumDigits: 2)
        text.append(":")
        text.appendDecimal(UInt(time.second), minimumDigits: 2)
        text.append(" GMT")
        return text
    }

    /// The first second of the year 0 and the last of the year 9999.
    private static let earliest = -62_167_219_200
    private static let latest = 253_402_300_799

    private static func append(name index: Int, of names: String, to text: inout [UInt8]) {
        text += names.utf8.dropFirst(index * 3).prefix(3)
    }
}
