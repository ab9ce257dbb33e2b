import Time

/// How many threads and waiting calls a pool may have.
package struct WorkerLimits: Sendable {
    /// Workers that serve, at least 1. As many again may be left behind, stuck in calls past their deadlines.
    package let maximumWorkers: Int
    /// Calls that wait for a worker at most; the next one is refused.
    package let maximumQueue: Int
    /// A worker without work for this long ends; never, when nil.
    package let idleLimit: Duration?
    /// Whether a worker past its call's deadline is left behind and another may take its place. When false it
    /// stays in service and goes on when its call returns: right for a state that cannot be made a second
    /// time.
    package let replacesLateWorkers: Bool

    package init(maximumWorkers: Int, maximumQueue: Int, idleLimit: Duration?, replacesLateWorkers: Bool) {
        self.maximumWorkers = maximumWorkers
        self.maximumQueue = maximumQueue
        self.idleLimit = idleLimit
        self.replacesLateWorkers = replacesLateWorkers
    }
}

/// Who works on what: a pool's state as plain data. It holds no thread; it says what is to be done, and the
/// pool does it after letting go of the lock.
struct Roster: Sendable {
    /// One thread as the others see it.
    struct Worker: Sendable {
        let id: Int
        let latch: Latch
        let interrupter: Interrupter
        /// Nil while idle.
        var job: Job?
        /// Its call is past the deadline, and everything that can be done about it has been done.
        var isLate = false
    }

    /// What became of a new job.
    enum Admission {
        case wake(Latch)
        case start(Worker)
        case queued
        case refused(WorkError)
    }

    /// What a worker does next.
    enum Assignment {
        case run(Job)
        case wait
        case leave
    }

    /// What is to be done about the calls whose time is up.
    struct Expiry {
        var replies: [any PendingReply] = []
        var interrupters: [Interrupter] = []
        var replacements: [Worker] = []
        var nextDeadline: Instant?
    }

    let limits: WorkerLimits
    private(set) var isClosed = false
    /// Those that serve. Invariant: `idle` lists exactly the ids of the workers without a job, the latest
    /// last.
    private var workers: [Worker] = []
    private var idle: [Int] = []
    /// Those left behind in a call past its deadline; they leave when it returns.
    private var abandoned: [Worker] = []
    private var queue = JobQueue()
    private var nextID = 0
    /// When the timekeeper will look next; nil while it sleeps until it is raised.
    private var timekeeperWakes: Instant?

    init(limits: WorkerLimits) {
        self.limits = limits
    }

    /// Gives the job to the worker that became idle last, whose stack and connection are warm, else to a new
    /// one, else to the queue.
    mutating func admit(_ job: Job) -> Admission {
        if isClosed { return .refused(.closed) }
        if let id = idle.popLast(), let index = index(of: id) {
            workers[index].job = job
            return .wake(workers[index].latch)
        }
        if mayStartWorker {
            do {
                return .start(try addWorker(for: job))
            } catch {
                if workers.isEmpty { return .refused(error) }
            }
        }
        guard queue.count < limits.maximumQueue else { return .refused(.queueFull) }
        queue.append(job)
        return .queued
    }

    /// Whether the timekeeper has to be woken to see this deadline in time.
    mutating func bringForward(to deadline: Instant) -> Bool {
        if let wakes = timekeeperWakes, wakes <= deadline { return false }
        timekeeperWakes = deadline
        return true
    }

    /// What a worker does now that its job is done.
    mutating func finish(_ id: Int) -> Assignment {
        guard let index = index(of: id) else {
            abandoned.removeAll { $0.id == id }
            return .leave
        }
        workers[index].isLate = false
        workers[index].job = queue.popFirstAwaited()
        if let job = workers[index].job { return .run(job) }
        if isClosed {
            workers.remove(at: index)
            return .leave
        }
        idle.append(id)
        return .wait
    }

    /// What an idle worker does after it was raised, or after its wait was over without that.
    mutating func assignment(_ id: Int, idleLimitReached: Bool) -> Assignment {
        guard let index = index(of: id) else { return .leave }
        if let job = workers[index].job { return .run(job) }
        guard isClosed || idleLimitReached else { return .wait }
        workers.remove(at: index)
        idle.removeAll { $0 == id }
        return .leave
    }

    /// Takes back a worker whose thread could not be started; gives back the job when nobody else can do it.
    mutating func startFailed(_ id: Int) -> Job? {
        guard let index = index(of: id), let job = workers.remove(at: index).job else { return nil }
        guard !workers.isEmpty, queue.count < limits.maximumQueue else { return job }
        queue.append(job)
        return nil
    }

    mutating func expire(at now: Instant) -> Expiry {
        var expiry = Expiry()
        expiry.replies = queue.removeExpired(at: now).map(\.reply)
        for worker in workers {
            guard let job = worker.job, !worker.isLate, job.deadline <= now else { continue }
            expiry.replies.append(job.reply)
            expiry.interrupters.append(worker.interrupter)
            leaveBehind(worker)
        }
        while queue.count > 0, mayStartWorker, let job = queue.popFirstAwaited() {
            guard let worker = try? addWorker(for: job) else {
                queue.append(job)
                break
            }
            expiry.replacements.append(worker)
        }
        planNextLook(at: now)
        expiry.nextDeadline = timekeeperWakes
        return expiry
    }

    /// A plan that is not due yet stays, even when its call is long done: then the next calls, which end
    /// later, need not wake the timekeeper. It wakes once in the span of a deadline, not once a call.
    private mutating func planNextLook(at now: Instant) {
        if let wakes = timekeeperWakes, wakes > now { return }
        let running = workers.lazy.filter { !$0.isLate }.compactMap { $0.job?.deadline }.min()
        timekeeperWakes = [running, queue.earliestDeadline].compactMap(\.self).min()
    }

    /// Lets everybody go: the replies to fail, the latches to raise, the workers to interrupt.
    mutating func close() -> (replies: [any PendingReply], latches: [Latch], interrupters: [Interrupter]) {
        isClosed = true
        let busy = workers.filter { $0.job != nil } + abandoned
        let replies = queue.removeAll().map(\.reply) + busy.compactMap { $0.job?.reply }
        return (replies, workers.map(\.latch), busy.map(\.interrupter))
    }

    private var mayStartWorker: Bool {
        !isClosed && workers.count < limits.maximumWorkers
            && workers.count + abandoned.count < 2 * limits.maximumWorkers
    }

    private mutating func addWorker(for job: Job) throws(WorkError) -> Worker {
        let worker = Worker(id: nextID, latch: try Latch(), interrupter: Interrupter(), job: job)
        nextID += 1
        workers.append(worker)
        return worker
    }

    private mutating func leaveBehind(_ worker: Worker) {
        guard let index = index(of: worker.id) else { return }
        if limits.replacesLateWorkers, abandoned.count < limits.maximumWorkers {
            abandoned.append(workers.remove(at: index))
        } else {
            workers[index].isLate = true
        }
    }

    private func index(of id: Int) -> Int? {
        workers.firstIndex { $0.id == id }
    }
}
