import Bytes
import Time

extension [UInt8] {
    /// Appends a duration in milliseconds with up to three decimals: `0.417`, `12`.
    mutating func appendMilliseconds(_ duration: Duration) {
        let microseconds = Swift.max(0, duration.microseconds)
        appendDecimal(microseconds / 1000)
        guard microseconds % 1000 != 0 else { return }
        append(UInt8(ascii: "."))
        appendDecimal(UInt(microseconds % 1000), minimumDigits: 3)
        while last == UInt8(ascii: "0") { removeLast() }
    }
}
