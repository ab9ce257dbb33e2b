/// A point in monotonic time, which changes of the wall clock do not affect.
///
/// Used instead of `ContinuousClock.Instant`, whose size the compiler does not know: types that contain one
/// are laid out, copied and passed by functions that are looked up at run time, which costs a request more
/// than reading the clock.
package struct Instant: Hashable, Comparable, Sendable {
    /// The time since the boot of the machine.
    package let sinceBoot: Duration

    /// Creates the instant at this time after the boot of the machine.
    package init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    /// Returns the time from this instant to another; negative if the other is earlier.
    package func duration(to other: Instant) -> Duration { other.sinceBoot - sinceBoot }

    /// Returns the instant later by a duration.
    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot + duration)
    }

    /// Returns the instant earlier by a duration.
    package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot - duration)
    }

    /// Returns the time from the second instant to the first.
    package static func - (end: Instant, start: Instant) -> Duration { start.duration(to: end) }

    /// Returns whether the left instant is earlier.
    package static func < (left: Instant, right: Instant) -> Bool { left.sinceBoot < right.sinceBoot }
}

/// Returns the earlier of two instants; nil is never.
package func earliest(_ first: Instant?, _ second: Instant?) -> Instant? {
    guard let first, let second else { return first ?? second }
    return min(first, second)
}
