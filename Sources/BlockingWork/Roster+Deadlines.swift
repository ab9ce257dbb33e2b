import Time

extension Roster {
    /// What is to be done about what has reached its deadline.
    struct Expiry {
        var calls: [any AnyPendingCall] = []
        /// The threads to interrupt, each with the call that it is in; nil for one that opens its state.
        var interrupts: [(call: (any AnyPendingCall)?, interrupter: Interrupter)] = []
        var replacements: [PoolThread] = []
        var nextDeadline: Instant?
    }

    mutating func expire(at now: Instant) -> Expiry {
        var expiry = Expiry()
        expiry.calls = queue.removeExpired(at: now).map(\.call)
        for thread in threads where thread.deadline.map({ $0 <= now }) ?? false {
            expire(thread, at: now, &expiry)
        }
        expiry.replacements = replacements()
        planNextLook(at: now)
        expiry.nextDeadline = timekeeperWakes
        return expiry
    }

    /// A caller's deadline ends its call. It ends what the thread does only where that is the call: opening
    /// a state goes on to a limit of its own.
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
            // A job that still has time goes to another thread.
            if leaveBehind(thread), let job, job.deadline > now { queue.putBack(job) }
        }
    }

    /// A plan that is not due yet stays, even when its call is long done: then the next calls, which end
    /// later, need not wake the timekeeper. It wakes once in the span of a deadline, not once a call.
    private mutating func planNextLook(at now: Instant) {
        if let wakes = timekeeperWakes, wakes > now { return }
        let next = threads.lazy.compactMap(\.deadline).min()
        timekeeperWakes = [next, queue.earliestDeadline].compactMap(\.self).min()
    }
}
