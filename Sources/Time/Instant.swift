/// A point in monotonic time, which no change of the wall clock moves.
///
/// `ContinuousClock.Instant` does the same, but the compiler does not know its size: whatever holds one is
/// laid out, copied and passed by functions that are looked up at run time, which cost a request more than
/// reading the clock.
package struct Instant: Hashable, Comparable, Sendable {
    /// The time since the boot of the machine.
    package let sinceBoot: Duration

    /// The instant so long after the boot of the machine.
    package init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    /// The time from this instant to another; negative when the other is earlier.
    package func duration(to other: Instant) -> Duration { other.sinceBoot - sinceBoot }

    /// The instant later by a duration.
    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot + duration)
    }

    /// The instant earlier by a duration.
    package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot - duration)
    }

    /// The time from the second instant to the first.
    package static func - (end: Instant, start: Instant) -> Duration { start.duration(to: end) }

    /// Whether the left instant is earlier.
    package static func < (left: Instant, right: Instant) -> Bool { left.sinceBoot < right.sinceBoot }
}
