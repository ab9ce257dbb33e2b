internal import Glibc

/// A point in time that no change of the wall clock moves: the one notion of it in all rooms.
///
/// It does what `ContinuousClock.Instant` does. That one's size is not known to the compiler, so whatever
/// holds one is laid out, copied and passed by functions that are looked up at run time, which cost a request
/// more than reading the clock did.
package struct Instant: Hashable, Comparable, Sendable {
    private let sinceBoot: Duration

    private init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    /// The present time: CLOCK_BOOTTIME, which also goes on while the machine sleeps (clock_gettime(2)).
    package static var now: Instant {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    /// How long it is until another instant; negative when that one comes before.
    package func duration(to other: Instant) -> Duration { other.sinceBoot - sinceBoot }

    /// The instant so much later.
    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot + duration)
    }

    /// The instant so much earlier.
    package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot - duration)
    }

    /// How long it is from the second instant to the first.
    package static func - (end: Instant, start: Instant) -> Duration { start.duration(to: end) }

    /// Whether the left one comes first.
    package static func < (left: Instant, right: Instant) -> Bool { left.sinceBoot < right.sinceBoot }
}
