import Threads
import Time

extension Roster {
    /// What the timekeeper must do after it has released the lock.
    struct Expiry {
        var calls: [any AnyPendingCall] = []
        /// The threads to interrupt, each with its current call; nil for a thread that is opening its state.
        var interrupts: [(call: (any AnyPendingCall)?, interrupter: Interrupter)] = []
        var replacements: [PoolThread] = []
        /// Of idle threads that got a queued call.
        var wakeEvents: [WakeEvent] = []
        var nextDeadline: Instant?
    }

    mutating func expire(at now: Instant) -> Expiry {
        var expiry = Expiry()
        expiry.calls = queue.removeExpired(at: now).map(\.call)
        for thread in threads where thread.deadline.map({ $0 <= now }) ?? false {
            expire(thread, at: now, &expiry)
        }
        endRefusal(at: now)
        expiry.wakeEvents = dispatch()
        expiry.replacements = replacements()
        planNextLook(at: now)
        expiry.nextDeadline = timekeeperWakes
        return expiry
    }

    /// Applies a thread's deadline. A caller's deadline ends its call, and interrupts the thread only if it
    /// runs that call: an opening has a limit of its own.
    private mutating func expire(_ thread: PoolThread, at now: Instant, _ expiry: inout Expiry) {
        switch thread.phase {
        case .idle:
            break
        case .running(let job):
            expiry.calls.append(job.call)
            expiry.interrupts.append((job.call, thread.interrupter))
            _ = leaveBehind(thread)
        case .opening(let end, let job):
            if let job, job.deadline <= now {
                expiry.calls.append(job.call)
                if let index = index(of: thread.id) { threads[index].phase = .opening(until: end, nil) }
            }
            guard let end, end <= now else { return }
            expiry.interrupts.append((nil, thread.interrupter))
            // A job whose deadline has not passed goes to another thread.
            if leaveBehind(thread), let job, job.deadline > now { queue.putBack(job) }
        }
    }

    /// Keeps a planned wake-up that is not due yet, even if its call has ended. Later calls have later
    /// deadlines and then need not wake the timekeeper: it wakes once per span of a deadline, not once per
    /// call.
    private mutating func planNextLook(at now: Instant) {
        if let wakes = timekeeperWakes, wakes > now { return }
        let next = threads.lazy.compactMap(\.deadline).min()
        timekeeperWakes = [next, queue.earliestDeadline, refusal?.end].compactMap(\.self).min()
    }
}
