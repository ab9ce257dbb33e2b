import Threads
import Time

/// One thread of a pool, as the roster keeps it.
struct PoolThread: Sendable {
    enum Phase: Sendable {
        /// The thread starts or opens its state, until an instant at the latest once that has begun; then it
        /// runs the job, if it has one, else whatever waits.
        case opening(until: Instant?, Job?)
        case idle
        case running(Job)
    }

    let id: Int
    let wakeEvent: WakeEvent
    let interrupter: Interrupter
    var phase: Phase
    /// It is past its deadline, and everything that can be done about it has been done.
    var isLate = false

    var job: Job? {
        switch phase {
        case .opening(_, let job): job
        case .idle: nil
        case .running(let job): job
        }
    }

    /// Whether it will take a job from the queue once it is open.
    var opensForTheQueue: Bool {
        if case .opening(_, nil) = phase { !isLate } else { false }
    }

    var isIdle: Bool {
        if case .idle = phase { true } else { false }
    }

    /// When something has to be done about it.
    var deadline: Instant? {
        guard !isLate else { return nil }
        return switch phase {
        case .opening(let end, let job): [end, job?.deadline].compactMap(\.self).min()
        case .idle: nil
        case .running(let job): job.deadline
        }
    }
}
