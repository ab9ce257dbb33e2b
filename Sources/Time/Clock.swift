internal import Glibc
internal import Synchronization

/// The time, monotonic and wall: the system's, or in tests and simulations one that is moved by hand.
///
/// Every part of the program that needs the time is given a clock. A test holds that none asks the system
/// itself.
package struct Clock: Sendable {
    private let manual: ManualClock?

    /// The system's clocks.
    package static let system = Clock()

    private init() {
        manual = nil
    }

    /// A clock that stands still until it is moved.
    package init(_ manual: ManualClock) {
        self.manual = manual
    }

    /// The present instant: CLOCK_BOOTTIME, which goes on while the machine sleeps (clock_gettime(2)).
    package var now: Instant {
        if let manual { return manual.now }
        let time = Self.read(CLOCK_BOOTTIME)
        return Instant(sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    /// The present wall-clock time.
    package var wallTime: UnixTime {
        if let manual { return manual.wallTime }
        let time = Self.read(CLOCK_REALTIME)
        return UnixTime(nanoseconds: time.tv_sec * 1_000_000_000 + time.tv_nsec)
    }

    /// The present wall-clock time in whole seconds, for `Date` fields. The system's coarse clock is read
    /// without a system call and is exact to a few milliseconds.
    package var wallSeconds: Int {
        if let manual { return manual.wallTime.seconds }
        return Self.read(CLOCK_REALTIME_COARSE).tv_sec
    }

    /// The time left until a deadline; negative past it.
    package func time(until deadline: Instant) -> Duration { now.duration(to: deadline) }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return time
    }
}

/// The time of a `Clock` that a test or a simulation moves.
package final class ManualClock: Sendable {
    private struct State {
        var now: Instant
        var wallTime: UnixTime
    }

    private let state: Mutex<State>

    /// Starts at an arbitrary instant, and at 2026-01-01 00:00 UTC where no wall-clock time is given.
    package init(wallTime: UnixTime = UnixTime(nanoseconds: 1_767_225_600_000_000_000)) {
        state = Mutex(State(now: Instant(sinceBoot: .seconds(1_000_000)), wallTime: wallTime))
    }

    package var now: Instant { state.withLock { $0.now } }
    package var wallTime: UnixTime { state.withLock { $0.wallTime } }

    /// Moves both clocks on.
    package func advance(by duration: Duration) {
        state.withLock { state in
            state.now = state.now + duration
            state.wallTime = UnixTime(nanoseconds: state.wallTime.nanoseconds + duration.nanoseconds)
        }
    }

    /// Sets the wall clock, forward or back, as an administrator would.
    package func setWallTime(_ time: UnixTime) {
        state.withLock { $0.wallTime = time }
    }
}
