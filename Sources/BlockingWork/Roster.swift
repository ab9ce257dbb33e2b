import Threads
import Time

/// The state of a pool as plain data: which thread runs which job. It starts and wakes nothing itself; it
/// returns what the pool must do after it has released the lock.
struct Roster: Sendable {
    /// What became of a new job.
    enum Admission {
        case wake(WakeEvent)
        /// The job is queued, and this thread is to be started to serve the queue.
        case start(PoolThread)
        case queued
        case refused(PoolError)
    }

    /// What a thread does next.
    enum Assignment {
        /// Opens its state, then calls `opened`.
        case open
        case run(Job)
        case wait
        case leave
    }

    let limits: PoolLimits
    private(set) var isClosed = false
    /// Those that serve. Invariant: `idle` lists exactly the ids of the idle threads, the latest last.
    var threads: [PoolThread] = []
    private var idle: [Int] = []
    /// Those left behind past their deadlines; they leave when their calls return.
    private(set) var abandoned: [PoolThread] = []
    var queue = JobQueue()
    private var nextID = 0
    /// When the timekeeper will look next; nil while it sleeps until it is woken.
    var timekeeperWakes: Instant?

    init(limits: PoolLimits) {
        self.limits = limits
    }

    /// Gives the job to the thread that became idle last, whose stack and connection are warm, else queues
    /// it, and starts a thread for the queue where there may be one more.
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

    private mutating func giveToIdle(_ job: Job) -> WakeEvent? {
        guard let id = idle.popLast(), let index = index(of: id) else { return nil }
        threads[index].phase = .running(job)
        return threads[index].wakeEvent
    }

    /// Whether the timekeeper has to be woken to see this deadline in time.
    mutating func bringForward(to deadline: Instant) -> Bool {
        if let wakes = timekeeperWakes, wakes <= deadline { return false }
        timekeeperWakes = deadline
        return true
    }

    /// A thread begins to open its state. False when it has been left behind or the pool is closed.
    mutating func beginOpening(_ id: Int, until end: Instant) -> Bool {
        guard let index = index(of: id), case .opening(_, let job) = threads[index].phase, !isClosed
        else { return false }
        threads[index].phase = .opening(until: end, job)
        return true
    }

    /// What a thread does now that it has opened its state, or has failed to: then it still takes a job, to
    /// tell the caller why, and leaves when there is none.
    mutating func opened(_ id: Int, isOpen: Bool) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
        threads[index].isLate = false
        if let job = threads[index].job ?? queue.popFirstAwaited() {
            threads[index].phase = .running(job)
            return .run(job)
        }
        return isOpen && !isClosed ? rest(index) : remove(index)
    }

    /// What a thread does now that its job is done. `again` is the job when it must run once more after the
    /// state has been opened anew.
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
        guard let job = queue.popFirstAwaited() else { return rest(index) }
        threads[index].phase = .running(job)
        return .run(job)
    }

    /// What an idle thread does after it was woken, or after its wait was over without that. A warm thread
    /// whose state has expired opens it anew.
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

    /// A thread that is to open its state although no call waits, unless enough are idle or about to be.
    mutating func warmUp() -> PoolThread? {
        guard idle.count + threadsForTheQueue < limits.warmThreads, mayStartThread else { return nil }
        return try? addThread()
    }

    /// Ends the idle threads and leaves those behind that are opening their states: what they hold or are
    /// about to get is not to be used any more. Their jobs go back into the queue.
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

    /// Takes back a thread that could not be started. Returns the calls that nobody is left to serve.
    mutating func startFailed(_ id: Int) -> [any AnyPendingCall] {
        abandoned.removeAll { $0.id == id }
        if let index = index(of: id) { threads.remove(at: index) }
        return threads.isEmpty ? queue.removeAll().map(\.call) : []
    }

    /// Lets everybody go: the calls to fail, the events to signal, the threads to interrupt.
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
    /// The threads to start because calls wait that no thread is about to take.
    mutating func replacements() -> [PoolThread] {
        var started: [PoolThread] = []
        while queue.count > threadsForTheQueue, mayStartThread, let thread = try? addThread() {
            started.append(thread)
        }
        return started
    }

    /// Takes a thread out of service that is past its deadline, unless too many are already. False where it
    /// stays.
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
        !isClosed && threads.count < limits.maximumThreads
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

    private mutating func remove(_ index: Int) -> Assignment {
        let thread = threads.remove(at: index)
        idle.removeAll { $0 == thread.id }
        return .leave
    }

    /// The end of a thread that was left behind or ended. Its call may have expired before it even woke up
    /// for it.
    private mutating func leave(_ id: Int) -> Assignment {
        abandoned.removeAll { $0.id == id }
        return .leave
    }
}
