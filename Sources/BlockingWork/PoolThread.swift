import Threads
import Time

/// A pool thread, as recorded in the roster.
struct PoolThread: Sendable {
    enum Phase: Sendable {
        /// The thread starts or opens its state; the limit is nil until the opening has begun. Afterwards it
        /// runs the job, if it has one, else the first job in the queue.
        case opening(until: Instant?, Job?)
        case idle
        case running(Job)
    }

    let id: Int
    let wakeEvent: WakeEvent
    let interrupter: Interrupter
    var phase: Phase
    /// Whether it is past its deadline and still in service, because it cannot be left behind.
    var isLate = false

    var job: Job? {
        switch phase {
        case .opening(_, let job): job
        case .idle: nil
        case .running(let job): job
        }
    }

    /// Whether it will take a job from the queue after opening.
    var opensForTheQueue: Bool {
        if case .opening(_, nil) = phase { !isLate } else { false }
    }

    var isIdle: Bool {
        if case .idle = phase { true } else { false }
    }

    /// When the timekeeper must act on it; nil: never.
    var deadline: Instant? {
        guard !isLate else { return nil }
        return switch phase {
        case .opening(let end, let job): [end, job?.deadline].compactMap(\.self).min()
        case .idle: nil
        case .running(let job): job.deadline
        }
    }
}
