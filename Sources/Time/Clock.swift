internal import Glibc
internal import Synchronization

/// The monotonic and the wall-clock time: the system's, or in tests and simulations one that is set manually.
///
/// Code that needs the time is passed a clock. RepositoryTests rejects other uses of the system's clocks.
package struct Clock: Sendable {
    private let manual: ManualClock?

    /// The system's clocks.
    package static let system = Clock()

    private init() {
        manual = nil
    }

    /// Creates a clock that changes only with `manual`.
    package init(_ manual: ManualClock) {
        self.manual = manual
    }

    /// The current instant: CLOCK_BOOTTIME, which continues while the machine is suspended
    /// (clock_gettime(2)).
    package var now: Instant {
        if let manual { return manual.now }
        let time = Self.read(CLOCK_BOOTTIME)
        return Instant(sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    /// The current wall-clock time.
    package var wallTime: UnixTime {
        if let manual { return manual.wallTime }
        let time = Self.read(CLOCK_REALTIME)
        return UnixTime(nanoseconds: time.tv_sec * 1_000_000_000 + time.tv_nsec)
    }

    /// The current wall-clock time in whole seconds, for `Date` fields. The system's coarse clock is read
    /// without a system call and is accurate to a few milliseconds.
    package var wallSeconds: Int {
        if let manual { return manual.wallTime.seconds }
        return Self.read(CLOCK_REALTIME_COARSE).tv_sec
    }

    /// Returns the time left until a deadline; negative after it.
    package func time(until deadline: Instant) -> Duration { now.duration(to: deadline) }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return time
    }
}

/// The time of a `Clock` that a test or a simulation controls.
package final class ManualClock: Sendable {
    private struct State {
        var now: Instant
        var wallTime: UnixTime
    }

    private let state: Mutex<State>

    /// Starts at an arbitrary instant, and by default at 2026-01-01 00:00 UTC.
    package init(wallTime: UnixTime = UnixTime(nanoseconds: 1_767_225_600_000_000_000)) {
        state = Mutex(State(now: Instant(sinceBoot: .seconds(1_000_000)), wallTime: wallTime))
    }

    package var now: Instant { state.withLock { $0.now } }
    package var wallTime: UnixTime { state.withLock { $0.wallTime } }

    /// Advances both clocks.
    package func advance(by duration: Duration) {
        state.withLock { state in
            state.now = state.now + duration
            state.wallTime = UnixTime(nanoseconds: state.wallTime.nanoseconds + duration.nanoseconds)
        }
    }

    /// Sets the wall clock, forward or back, as an administrator may do.
    package func setWallTime(_ time: UnixTime) {
        state.withLock { $0.wallTime = time }
    }
}
