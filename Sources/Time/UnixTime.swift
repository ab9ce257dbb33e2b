internal import Glibc

/// A point in wall-clock time: nanoseconds since 1970-01-01 00:00 UTC, without leap seconds.
package struct UnixTime: Hashable, Comparable, Sendable {
    package let nanoseconds: Int

    package init(nanoseconds: Int) {
        self.nanoseconds = nanoseconds
    }

    /// Whole seconds, rounded down.
    package var seconds: Int {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return rest < 0 ? seconds - 1 : seconds
    }

    /// Returns whether the left time is earlier.
    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A point in time in the Gregorian calendar, UTC, by gmtime_r(3).
package struct CalendarTime: Hashable, Sendable {
    package let year: Int
    /// From 1 to 12.
    package let month: Int
    /// From 1 to 31.
    package let day: Int
    /// From 0 to 23.
    package let hour: Int
    /// From 0 to 59.
    package let minute: Int
    /// From 0 to 59.
    package let second: Int
    /// From 0, Sunday, to 6.
    package let weekday: Int

    /// Converts seconds since 1970-01-01 00:00 UTC, which may be negative. A year that gmtime_r(3) cannot
    /// represent becomes 1970-01-01 00:00.
    package init(unixSeconds: Int) {
        var seconds = time_t(unixSeconds)
        var parts = unsafe tm()
        if unsafe gmtime_r(&seconds, &parts) == nil {
            seconds = 0
            _ = unsafe gmtime_r(&seconds, &parts)
        }
        year = unsafe Int(parts.tm_year) + 1900
        month = unsafe Int(parts.tm_mon) + 1
        day = unsafe Int(parts.tm_mday)
        hour = unsafe Int(parts.tm_hour)
        minute = unsafe Int(parts.tm_min)
        second = unsafe Int(parts.tm_sec)
        weekday = unsafe Int(parts.tm_wday)
    }
}
