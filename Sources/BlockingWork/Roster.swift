import Threads
import Time

/// The state of a pool as plain data: which thread runs which job. It does not start or wake threads; it
/// returns what the pool must do after releasing the lock.
struct Roster: Sendable {
    /// The outcome of submitting a job.
    enum Admission {
        case wake(WakeEvent)
        /// The job is queued, and the pool must start this thread to serve the queue.
        case start(PoolThread)
        case queued
        case refused(PoolError)
    }

    /// The next action of a thread.
    enum Assignment {
        /// Open the state, then call `opened`.
        case open
        case run(Job)
        case wait
        case leave
    }

    let limits: PoolLimits
    private(set) var isClosed = false
    /// The threads in service. Invariant: `idle` lists the ids of exactly the idle threads, the most recent
    /// last.
    var threads: [PoolThread] = []
    private var idle: [Int] = []
    /// Threads left behind past their deadlines. Each ends when its call or opening returns.
    private(set) var abandoned: [PoolThread] = []
    var queue = JobQueue()
    private var nextID = 0
    /// Limits the threads after a refusal; nil otherwise.
    var refusal: Refusal?
    /// When the timekeeper wakes next; nil while it waits without a limit.
    var timekeeperWakes: Instant?

    init(limits: PoolLimits) {
        self.limits = limits
    }

    /// Gives the job to the thread that became idle most recently, because its stack and connection are warm.
    /// Otherwise queues the job, and starts a thread for the queue if the limits allow one.
    mutating func admit(_ job: Job) -> Admission {
        if isClosed { return .refused(.closed) }
        if let wakeEvent = giveToIdle(job) { return .wake(wakeEvent) }
        let opening = threadsForTheQueue
        if queue.count < opening || !mayStartThread {
            guard queue.count - opening < limits.maximumQueue else { return .refused(.queueFull) }
            queue.append(job)
            return .queued
        }
        do {
            let thread = try addThread()
            queue.append(job)
            return .start(thread)
        } catch {
            guard !threads.isEmpty, queue.count - opening < limits.maximumQueue else {
                return .refused(error)
            }
            queue.append(job)
            return .queued
        }
    }

    mutating func giveToIdle(_ job: Job) -> WakeEvent? {
        guard job.usesReserve || hasRoom, let id = idle.popLast(), let index = index(of: id) else {
            return nil
        }
        threads[index].phase = .running(job)
        return threads[index].wakeEvent
    }

    /// Records a deadline. Returns whether the timekeeper must be woken because it would wake too late.
    mutating func bringForward(to deadline: Instant) -> Bool {
        if let wakes = timekeeperWakes, wakes <= deadline { return false }
        timekeeperWakes = deadline
        return true
    }

    /// Records that a thread begins to open its state. Returns false if it has been left behind or the pool
    /// is closed.
    mutating func beginOpening(_ id: Int, until end: Instant) -> Bool {
        guard let index = index(of: id), case .opening(_, let job) = threads[index].phase, !isClosed
        else { return false }
        threads[index].phase = .opening(until: end, job)
        return true
    }

    /// Returns the next action of a thread that has opened its state or failed to. After a failure it still
    /// runs a job, which reports the error to its caller; without a job it ends.
    mutating func opened(_ id: Int, isOpen: Bool) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
        threads[index].isLate = false
        if let job = threads[index].job ?? nextJob() {
            threads[index].phase = .running(job)
            return .run(job)
        }
        return isOpen && !isClosed ? rest(index) : remove(index)
    }

    /// Returns the next action of a thread whose job has ended. `again` is the job if it must run again after
    /// the state has been reopened.
    mutating func finish(_ id: Int, isOpen: Bool = true, again: Job? = nil) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
        threads[index].isLate = false
        if isClosed { return remove(index) }
        if var job = again {
            job.attempts += 1
            threads[index].phase = .opening(until: nil, job)
            return .open
        }
        guard isOpen else {
            guard queue.count > threadsForTheQueue else { return remove(index) }
            threads[index].phase = .opening(until: nil, nil)
            return .open
        }
        threads[index].phase = .idle  // Makes room.
        guard let job = nextJob() else { return rest(index) }
        threads[index].phase = .running(job)
        return .run(job)
    }

    /// Returns the next action of an idle thread that was woken or whose wait timed out. A warm thread whose
    /// state has expired reopens it.
    mutating func assignment(_ id: Int, isOpen: Bool = true, idleLimitReached: Bool) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
        if let job = threads[index].job { return .run(job) }
        if isClosed { return remove(index) }
        let isWarm = idle.count <= limits.warmThreads
        if !isOpen, isWarm {
            idle.removeAll { $0 == id }
            threads[index].phase = .opening(until: nil, nil)
            return .open
        }
        return !isOpen || idleLimitReached && !isWarm ? remove(index) : .wait
    }

    /// Adds a thread that opens its state although no call waits. Returns nil if enough threads are idle or
    /// opening, or if the limits allow no more.
    mutating func warmUp() -> PoolThread? {
        guard idle.count + threadsForTheQueue < limits.warmThreads, mayStartThread else { return nil }
        return try? addThread()
    }

    /// Ends the idle threads and leaves behind the threads that are opening their states, because these
    /// states must not be used. Jobs assigned to opening threads return to the queue.
    mutating func renew() -> (
        wakeEvents: [WakeEvent], interrupters: [Interrupter], replacements: [PoolThread]
    ) {
        let resting = threads.filter(\.isIdle)
        threads.removeAll(where: \.isIdle)
        idle = []
        var interrupters: [Interrupter] = []
        for thread in threads {
            guard case .opening(_, let job) = thread.phase, leaveBehind(thread) else { continue }
            if let job { queue.putBack(job) }
            interrupters.append(thread.interrupter)
        }
        return (resting.map(\.wakeEvent), interrupters, replacements())
    }

    /// Removes a thread that could not be started. Returns the calls to fail: all queued ones, if no thread
    /// is left.
    mutating func startFailed(_ id: Int) -> [any AnyPendingCall] {
        abandoned.removeAll { $0.id == id }
        if let index = index(of: id) { threads.remove(at: index) }
        return threads.isEmpty ? queue.removeAll().map(\.call) : []
    }

    /// Closes the pool. Returns the calls to fail, the events to signal and the interrupters of the busy
    /// threads.
    mutating func close() -> (
        calls: [any AnyPendingCall], wakeEvents: [WakeEvent], interrupters: [Interrupter]
    ) {
        isClosed = true
        let busy = threads.filter { !$0.isIdle } + abandoned
        let calls = queue.removeAll().map(\.call) + busy.compactMap { $0.job?.call }
        return (calls, threads.map(\.wakeEvent), busy.map(\.interrupter))
    }

    var counts: PoolCounts {
        var counts = PoolCounts()
        for thread in threads {
            switch thread.phase {
            case .opening: counts.opening += 1
            case .idle: counts.idle += 1
            case .running where thread.isLate: counts.leftBehind += 1
            case .running: counts.busy += 1
            }
        }
        counts.leftBehind += abandoned.count
        counts.waiting = queue.count
        return counts
    }
}

extension Roster {
    /// Adds the threads that the queue needs: more calls wait than opening threads will take.
    mutating func replacements() -> [PoolThread] {
        var started: [PoolThread] = []
        while queue.count > threadsForTheQueue, mayStartThread, let thread = try? addThread() {
            started.append(thread)
        }
        return started
    }

    /// Takes a thread past its deadline out of service. Returns false if it stays in service, because it
    /// cannot be replaced or too many have been left behind.
    mutating func leaveBehind(_ thread: PoolThread) -> Bool {
        guard let index = index(of: thread.id) else { return false }
        guard limits.replacesLateThreads, abandoned.count < limits.maximumThreads else {
            threads[index].isLate = true
            return false
        }
        abandoned.append(threads.remove(at: index))
        return true
    }

    func index(of id: Int) -> Int? {
        threads.firstIndex { $0.id == id }
    }

    private var threadsForTheQueue: Int { threads.count(where: \.opensForTheQueue) }

    private var mayStartThread: Bool {
        !isClosed && threads.count < currentMaximum
            && threads.count + abandoned.count < 2 * limits.maximumThreads
    }

    private mutating func addThread() throws(PoolError) -> PoolThread {
        let thread = PoolThread(
            id: nextID, wakeEvent: try makeWakeEvent(), interrupter: Interrupter(),
            phase: .opening(until: nil, nil))
        nextID += 1
        threads.append(thread)
        return thread
    }

    private mutating func rest(_ index: Int) -> Assignment {
        threads[index].phase = .idle
        idle.append(threads[index].id)
        return .wait
    }

    mutating func remove(_ index: Int) -> Assignment {
        let thread = threads.remove(at: index)
        idle.removeAll { $0 == thread.id }
        return .leave
    }

    /// Ends a thread that is no longer in service. Its call may have expired before the thread woke up for
    /// it.
    private mutating func leave(_ id: Int) -> Assignment {
        abandoned.removeAll { $0.id == id }
        return .leave
    }
}
