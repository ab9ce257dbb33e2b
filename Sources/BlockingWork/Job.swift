import Time

/// One call on its way to a thread, with the types of state and value erased: generic code that is not
/// specialised, across modules, looks their metadata up again and again, which was a sixth of a call's cost.
struct Job: Sendable {
    let deadline: Instant
    /// Goes before all that wait.
    let isUrgent: Bool
    let call: any AnyPendingCall
    /// Does the work on a thread's `StateCell` and holds the value in the call. The pool delivers it in a
    /// second step, so that the thread is free again, as far as the roster knows, before the caller can make
    /// its next call.
    ///
    /// Returns false when the job must run again once the state has been opened anew.
    let perform: @Sendable (_ cell: AnyObject, _ attempts: Int) -> Bool
    /// How often it has run before.
    var attempts = 0
}

/// A thread's state, for the thread's thread alone.
final class StateCell<State: PoolState & ~Copyable> {
    var state: State

    init(_ state: consuming State) {
        self.state = state
    }
}

/// First in, first out, at amortised constant cost. Urgent jobs go to the front, which costs a copy: they are
/// few.
struct JobQueue: Sendable {
    private var jobs: [Job] = []
    /// `head` jobs at the front are gone already; at most half of the array is ever dead.
    private var head = 0

    var count: Int { jobs.count - head }

    mutating func append(_ job: Job) {
        if job.isUrgent { putBack(job) } else { jobs.append(job) }
    }

    /// Puts a job in front of all others.
    mutating func putBack(_ job: Job) {
        jobs.insert(job, at: head)
    }

    /// The oldest job that somebody still waits for.
    mutating func popFirstAwaited() -> Job? {
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

    /// Takes out what is due, and drops what nobody waits for any more.
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
