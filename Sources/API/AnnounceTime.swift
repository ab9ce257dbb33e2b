import Bytes
import Time

/// Returns a time in microseconds since 1970 as in RFC 3339, UTC, with all six decimals.
func announceTime(_ microseconds: Int) -> String {
    let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let time = CalendarTime(unixSeconds: fraction < 0 ? seconds - 1 : seconds)
    var text: [UInt8] = []
    func append(_ number: Int, _ digits: Int, _ separator: Unicode.Scalar) {
        text.appendDecimal(UInt(max(number, 0)), minimumDigits: digits)
        text.append(UInt8(ascii: separator))
    }
    append(time.year, 4, "-")
    append(time.month, 2, "-")
    append(time.day, 2, "T")
    append(time.hour, 2, ":")
    append(time.minute, 2, ":")
    append(time.second, 2, ".")
    append(fraction < 0 ? fraction + 1_000_000 : fraction, 6, "Z")
    return String(decoding: text, as: UTF8.self)
}
