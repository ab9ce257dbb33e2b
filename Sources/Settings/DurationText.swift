import Bytes

/// Durations as text: a number with `ms`, `s`, `m` or `h`.
enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]

    /// Parses a number with at most nine digits, at most three decimals and a unit. Nil for anything else,
    /// and for a duration that is not a whole number of milliseconds.
    static func read(_ text: String) -> Duration? {
        // "ms" ends in "s", so it comes first in the list.
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let parts = text.dropLast(unit.suffix.count).split(
            separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = digits(parts[0], atMost: 9) else { return nil }
        var thousandths = whole * 1000
        if parts.count == 2 {
            guard let decimals = digits(parts[1], atMost: 3) else { return nil }
            thousandths += decimals * [100, 10, 1][parts[1].count - 1]
        }
        let scaled = thousandths * unit.milliseconds
        return scaled % 1000 == 0 ? .milliseconds(scaled / 1000) : nil
    }

    /// Renders whole milliseconds with the largest unit that needs no decimals.
    static func render(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        if milliseconds == 0 { return "0s" }
        let unit = units.last { milliseconds % $0.milliseconds == 0 } ?? units[0]
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }

    private static func digits(_ text: Substring, atMost count: Int) -> Int? {
        guard (1...count).contains(text.utf8.count), text.isDecimal else { return nil }
        return Int(text)
    }
}
