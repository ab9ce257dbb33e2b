internal import Synchronization
internal import Time

/// Limits a log message that may repeat without bound to one line per second over all loops, and counts the
/// suppressed lines.
final class LogThrottle: Sendable {
    private struct State {
        var last: Instant?
        var suppressed = 0
    }

    private static let interval = Duration.seconds(1)
    private let state = Mutex(State())

    /// Returns how many lines were suppressed since the last one, or nil if this one must be suppressed.
    func admit(at now: Instant) -> Int? {
        state.withLock { state in
            if let last = state.last, last.duration(to: now) < Self.interval {
                state.suppressed += 1
                return nil
            }
            defer { state = State(last: now) }
            return state.suppressed
        }
    }
}
