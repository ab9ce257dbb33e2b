internal import Synchronization
internal import Time

/// Admits one log line a second for a condition that may repeat without bound, over all loops together, and
/// counts the lines that it holds back.
final class LogThrottle: Sendable {
    private struct State {
        var last: Instant?
        var suppressed = 0
    }

    private static let interval = Duration.seconds(1)
    private let state = Mutex(State())

    /// Returns how many lines were held back since the last one, or nil if this one must be held back.
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
