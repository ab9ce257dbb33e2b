import Time

/// A queued or running call, with the types of state and value erased. Generic code that is not specialised
/// across modules looks up their metadata at each use, which was a sixth of a call's cost.
struct Job: Sendable {
    let deadline: Instant
    /// Whether it is queued in front of all other jobs.
    let isUrgent: Bool
    /// Whether it may run on the reserved threads.
    var usesReserve = false
    let call: any AnyPendingCall
    /// Runs the work on a thread's `StateCell` and stores the value in the call. The pool delivers it in a
    /// second step, so that the roster already lists the thread as free when the caller submits its next
    /// call.
    ///
    /// Returns false if the job must run again after the state has been reopened.
    let perform: @Sendable (_ cell: AnyObject, _ attempts: Int) -> Bool
    /// The number of earlier runs.
    var attempts = 0
}

/// A thread's state. Only that thread accesses it.
final class StateCell<State: PoolState & ~Copyable> {
    var state: State

    init(_ state: consuming State) {
        self.state = state
    }
}

/// A queue of jobs: first in, first out, at amortised constant cost. An urgent job is inserted at the front,
/// also before earlier urgent ones; that moves the whole array, but urgent jobs are few.
struct JobQueue: Sendable {
    private var jobs: [Job] = []
    /// The number of removed jobs at the front. Invariant: zero or less than half of the array.
    private var head = 0

    var count: Int { jobs.count - head }

    mutating func append(_ job: Job) {
        if job.isUrgent { putBack(job) } else { jobs.append(job) }
    }

    /// Inserts a job in front of all others.
    mutating func putBack(_ job: Job) {
        jobs.insert(job, at: head)
    }

    /// Removes and returns the first job whose caller still waits. With `onlyReserve`, the first of the
    /// urgent ones at the front that may use the reserve.
    mutating func popFirstAwaited(onlyReserve: Bool = false) -> Job? {
        if onlyReserve {
            let index = jobs[head...].prefix(while: \.isUrgent).firstIndex { $0.usesReserve }
            return index.map { jobs.remove(at: $0) }
        }
        while head < jobs.count {
            let job = jobs[head]
            head += 1
            if head * 2 >= jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
            if job.call.isAwaited { return job }
        }
        return nil
    }

    /// Removes and returns the jobs whose deadlines have passed. Drops those whose callers have been
    /// answered.
    mutating func removeExpired(at now: Instant) -> [Job] {
        let waiting = jobs[head...].filter { $0.call.isAwaited }
        jobs = waiting.filter { $0.deadline > now }
        head = 0
        return waiting.filter { $0.deadline <= now }
    }

    mutating func removeAll() -> [Job] {
        defer { self = JobQueue() }
        return Array(jobs[head...])
    }

    var earliestDeadline: Instant? {
        jobs[head...].lazy.map(\.deadline).min()
    }
}
