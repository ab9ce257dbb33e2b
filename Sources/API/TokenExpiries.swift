import Access
import Logging
import Synchronization
import Time

/// Logs each token that expires, once.
///
/// There is no timer: the first request with a token after that time finds it, and so does a reload.
final class TokenExpiries: Sendable {
    private let expiries: [(time: UnixTime, id: String)]
    /// Number of expiries that have been logged, and the time of the next one in nanoseconds.
    private let logged = Mutex(0)
    private let next: Atomic<Int>

    init(_ access: AccessTable) {
        expiries = access.expiries
        next = Atomic(access.expiries.first?.time.nanoseconds ?? .max)
    }

    /// Logs the tokens that have expired since the last call.
    func check(at now: UnixTime, _ logger: Logger) {
        guard now.nanoseconds >= next.load(ordering: .relaxed) else { return }
        let ids = logged.withLock { logged in
            let due = expiries[logged...].prefix { $0.time <= now }
            logged += due.count
            let time = logged < expiries.count ? expiries[logged].time.nanoseconds : .max
            next.store(time, ordering: .relaxed)
            return due.map(\.id)
        }
        for id in ids {
            logger.warning("A token of \(id) has expired and is unknown from now on")
        }
    }
}
