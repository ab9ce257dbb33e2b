import Synchronization
import Time

/// A value that takes a while to find out, so that it is found out once a second at most: whoever asks for
/// the metrics needs no token, and an event loop waits for the answer. Ten thousand descriptors are a listing
/// of some milliseconds.
final class CachedGauge: Sendable {
    private let read: @Sendable () -> Double
    private let last = Mutex<(value: Double, taken: Instant)?>(nil)

    init(_ read: @escaping @Sendable () -> Double) {
        self.read = read
    }

    func value(at now: Instant) -> Double {
        last.withLock { last in
            if let last, last.taken.duration(to: now) < .seconds(1) { return last.value }
            let value = read()
            last = (value, now)
            return value
        }
    }
}
