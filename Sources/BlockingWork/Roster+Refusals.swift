import Threads
import Time

/// States that cannot be opened because their number is limited elsewhere, such as the sessions of a database
/// account.
extension Roster {
    /// How many threads there may be, and until when, because the state of another one was refused.
    struct Refusal: Sendable {
        let threads: Int
        let end: Instant
    }

    /// Takes a thread whose state was refused out of service: its call goes to another thread. Until a pause
    /// is over, the pool starts no more threads than there are. Returns nil if there is no other thread:
    /// then a call must report the error.
    mutating func refused(
        _ id: Int, at now: Instant
    ) -> (threads: Int, end: Instant, wakeEvents: [WakeEvent])? {
        guard threads.count > 1, !isClosed, let index = index(of: id) else { return nil }
        let job = threads[index].job
        _ = remove(index)
        let refusal = Refusal(threads: threads.count, end: now + limits.refusalPause)
        self.refusal = refusal
        if let job { queue.putBack(job) }
        return (refusal.threads, refusal.end, dispatch())
    }

    /// Ends the pause.
    mutating func endRefusal(at now: Instant) {
        if let end = refusal?.end, end <= now { refusal = nil }
    }
}
