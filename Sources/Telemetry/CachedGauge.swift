import Synchronization
import Time

/// A gauge whose value takes long to read, so that it is read at most once per second: a request for metrics
/// needs no token, and blocks an event loop. Listing 10,000 descriptors takes some milliseconds.
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
