import Threads
import Time

/// One thread of a pool, as the roster keeps it.
struct PoolThread: Sendable {
    let id: Int
    let wakeEvent: WakeEvent
    let interrupter: Interrupter
    /// Nil while idle.
    var job: Job?
    /// Its call is past the deadline, and everything that can be done about it has been done.
    var isLate = false
}

/// The state of a pool as plain data: which thread runs which job. It starts and wakes nothing itself; it
/// returns what the pool must do after it has released the lock.
struct Roster: Sendable {
    /// What became of a new job.
    enum Admission {
        case wake(WakeEvent)
        case start(PoolThread)
        case queued
        case refused(PoolError)
    }

    /// What a thread does next.
    enum Assignment {
        case run(Job)
        case wait
        case leave
    }

    /// What is to be done about the calls whose time is up.
    struct Expiry {
        var calls: [any AnyPendingCall] = []
        /// The calls that have begun, each with what ends it.
        var interrupts: [(call: any AnyPendingCall, interrupter: Interrupter)] = []
        var replacements: [PoolThread] = []
        var nextDeadline: Instant?
    }

    let limits: PoolLimits
    private(set) var isClosed = false
    /// Those that serve. Invariant: `idle` lists exactly the ids of the threads without a job, the latest
    /// last.
    private var threads: [PoolThread] = []
    private var idle: [Int] = []
    /// Those left behind in a call past its deadline; they leave when it returns.
    private var abandoned: [PoolThread] = []
    private var queue = JobQueue()
    private var nextID = 0
    /// When the timekeeper will look next; nil while it sleeps until it is raised.
    private var timekeeperWakes: Instant?

    init(limits: PoolLimits) {
        self.limits = limits
    }

    /// Gives the job to the thread that became idle last, whose stack and connection are warm, else to a new
    /// one, else to the queue.
    mutating func admit(_ job: Job) -> Admission {
        if isClosed { return .refused(.closed) }
        if let wakeEvent = giveToIdle(job) { return .wake(wakeEvent) }
        if mayStartThread {
            do {
                return .start(try addThread(for: job))
            } catch {
                if threads.isEmpty { return .refused(error) }
            }
        }
        guard queue.count < limits.maximumQueue else { return .refused(.queueFull) }
        queue.append(job)
        return .queued
    }

    private mutating func giveToIdle(_ job: Job) -> WakeEvent? {
        guard let id = idle.popLast(), let index = index(of: id) else { return nil }
        threads[index].job = job
        return threads[index].wakeEvent
    }

    /// Whether the timekeeper has to be woken to see this deadline in time.
    mutating func bringForward(to deadline: Instant) -> Bool {
        if let wakes = timekeeperWakes, wakes <= deadline { return false }
        timekeeperWakes = deadline
        return true
    }

    /// What a thread does now that its job is done.
    mutating func finish(_ id: Int) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
        threads[index].isLate = false
        threads[index].job = queue.popFirstAwaited()
        if let job = threads[index].job { return .run(job) }
        if isClosed {
            threads.remove(at: index)
            return .leave
        }
        idle.append(id)
        return .wait
    }

    /// What an idle thread does after it was raised, or after its wait was over without that.
    mutating func assignment(_ id: Int, idleLimitReached: Bool) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
        if let job = threads[index].job { return .run(job) }
        guard isClosed || idleLimitReached else { return .wait }
        threads.remove(at: index)
        idle.removeAll { $0 == id }
        return .leave
    }

    /// The end of a thread that was left behind. Its call may have expired before it even woke up for it.
    private mutating func leave(_ id: Int) -> Assignment {
        abandoned.removeAll { $0.id == id }
        return .leave
    }

    /// Takes back a thread whose thread could not be started, and gives its job to another, if there is one.
    /// Nil when the job is not the thread's any more.
    mutating func startFailed(_ id: Int, _ error: PoolError) -> (job: Job, admission: Admission)? {
        guard let index = index(of: id), let job = threads.remove(at: index).job else {
            abandoned.removeAll { $0.id == id }
            return nil
        }
        // Somebody may have become idle since, and would not look into the queue before its next job.
        if let wakeEvent = giveToIdle(job) { return (job, .wake(wakeEvent)) }
        guard !threads.isEmpty, queue.count < limits.maximumQueue else { return (job, .refused(error)) }
        queue.append(job)
        return (job, .queued)
    }

    mutating func expire(at now: Instant) -> Expiry {
        var expiry = Expiry()
        expiry.calls = queue.removeExpired(at: now).map(\.call)
        for thread in threads {
            guard let job = thread.job, !thread.isLate, job.deadline <= now else { continue }
            expiry.calls.append(job.call)
            expiry.interrupts.append((job.call, thread.interrupter))
            leaveBehind(thread)
        }
        while queue.count > 0, mayStartThread, let job = queue.popFirstAwaited() {
            guard let thread = try? addThread(for: job) else {
                queue.putBack(job)
                break
            }
            expiry.replacements.append(thread)
        }
        planNextLook(at: now)
        expiry.nextDeadline = timekeeperWakes
        return expiry
    }

    /// A plan that is not due yet stays, even when its call is long done: then the next calls, which end
    /// later, need not wake the timekeeper. It wakes once in the span of a deadline, not once a call.
    private mutating func planNextLook(at now: Instant) {
        if let wakes = timekeeperWakes, wakes > now { return }
        let running = threads.lazy.filter { !$0.isLate }.compactMap { $0.job?.deadline }.min()
        timekeeperWakes = [running, queue.earliestDeadline].compactMap(\.self).min()
    }

    /// Lets everybody go: the calls to fail, the wakeEvents to raise, the threads to interrupt.
    mutating func close() -> (
        calls: [any AnyPendingCall], wakeEvents: [WakeEvent], interrupters: [Interrupter]
    ) {
        isClosed = true
        let busy = threads.filter { $0.job != nil } + abandoned
        let calls = queue.removeAll().map(\.call) + busy.compactMap { $0.job?.call }
        return (calls, threads.map(\.wakeEvent), busy.map(\.interrupter))
    }

    private var mayStartThread: Bool {
        !isClosed && threads.count < limits.maximumThreads
            && threads.count + abandoned.count < 2 * limits.maximumThreads
    }

    private mutating func addThread(for job: Job) throws(PoolError) -> PoolThread {
        let thread = PoolThread(
            id: nextID, wakeEvent: try makeWakeEvent(), interrupter: Interrupter(), job: job)
        nextID += 1
        threads.append(thread)
        return thread
    }

    private mutating func leaveBehind(_ thread: PoolThread) {
        guard let index = index(of: thread.id) else { return }
        if limits.replacesLateThreads, abandoned.count < limits.maximumThreads {
            abandoned.append(threads.remove(at: index))
        } else {
            threads[index].isLate = true
        }
    }

    private func index(of id: Int) -> Int? {
        threads.firstIndex { $0.id == id }
    }
}
