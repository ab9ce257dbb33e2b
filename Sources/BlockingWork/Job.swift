/// One call on its way to a worker, with the types of its value erased.
struct Job<State: ~Copyable>: Sendable {
    let deadline: ContinuousClock.Instant
    /// Goes before all that wait.
    let isUrgent: Bool
    let reply: any PendingReply
    /// Does the work and gives back what hands the value over. These are two steps so that the worker is free again,
    /// as far as the roster knows, before the caller can ask for the next thing.
    let perform: @Sendable (inout State) -> @Sendable () -> Void
}

/// First in, first out, at amortised constant cost. Urgent jobs go to the front, which costs a copy: they are few.
struct JobQueue<State: ~Copyable>: Sendable {
    private var jobs: [Job<State>] = []
    /// `head` jobs at the front are gone already; at most half of the array is ever dead.
    private var head = 0

    var count: Int { jobs.count - head }

    mutating func append(_ job: Job<State>) {
        if job.isUrgent { jobs.insert(job, at: head) } else { jobs.append(job) }
    }

    /// The oldest job that somebody still waits for.
    mutating func popFirstAwaited() -> Job<State>? {
        while head < jobs.count {
            let job = jobs[head]
            head += 1
            if head * 2 >= jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
            if job.reply.isAwaited { return job }
        }
        return nil
    }

    /// Takes out what is due, and drops what nobody waits for any more.
    mutating func removeExpired(at now: ContinuousClock.Instant) -> [Job<State>] {
        let waiting = jobs[head...].filter { $0.reply.isAwaited }
        jobs = waiting.filter { $0.deadline > now }
        head = 0
        return waiting.filter { $0.deadline <= now }
    }

    mutating func removeAll() -> [Job<State>] {
        defer { self = JobQueue() }
        return Array(jobs[head...])
    }

    var earliestDeadline: ContinuousClock.Instant? {
        jobs[head...].lazy.map(\.deadline).min()
    }
}
