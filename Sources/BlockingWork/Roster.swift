import Threads
import Time

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
        /// The calls that have begun, each with what ends it.
        var interrupts: [(call: any PendingReply, interrupter: Interrupter)] = []
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
        if let latch = giveToIdle(job) { return .wake(latch) }
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

    private mutating func giveToIdle(_ job: Job) -> Latch? {
        guard let id = idle.popLast(), let index = index(of: id) else { return nil }
        workers[index].job = job
        return workers[index].latch
    }

    /// Whether the timekeeper has to be woken to see this deadline in time.
    mutating func bringForward(to deadline: Instant) -> Bool {
        if let wakes = timekeeperWakes, wakes <= deadline { return false }
        timekeeperWakes = deadline
        return true
    }

    /// What a worker does now that its job is done.
    mutating func finish(_ id: Int) -> Assignment {
        guard let index = index(of: id) else { return leave(id) }
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
        guard let index = index(of: id) else { return leave(id) }
        if let job = workers[index].job { return .run(job) }
        guard isClosed || idleLimitReached else { return .wait }
        workers.remove(at: index)
        idle.removeAll { $0 == id }
        return .leave
    }

    /// The end of a worker that was left behind. Its call may have expired before it even woke up for it.
    private mutating func leave(_ id: Int) -> Assignment {
        abandoned.removeAll { $0.id == id }
        return .leave
    }

    /// Takes back a worker whose thread could not be started, and gives its job to another, if there is one.
    /// Nil when the job is not the worker's any more.
    mutating func startFailed(_ id: Int, _ error: WorkError) -> (job: Job, admission: Admission)? {
        guard let index = index(of: id), let job = workers.remove(at: index).job else {
            abandoned.removeAll { $0.id == id }
            return nil
        }
        // Somebody may have become idle since, and would not look into the queue before its next job.
        if let latch = giveToIdle(job) { return (job, .wake(latch)) }
        guard !workers.isEmpty, queue.count < limits.maximumQueue else { return (job, .refused(error)) }
        queue.append(job)
        return (job, .queued)
    }

    mutating func expire(at now: Instant) -> Expiry {
        var expiry = Expiry()
        expiry.replies = queue.removeExpired(at: now).map(\.reply)
        for worker in workers {
            guard let job = worker.job, !worker.isLate, job.deadline <= now else { continue }
            expiry.replies.append(job.reply)
            expiry.interrupts.append((job.reply, worker.interrupter))
            leaveBehind(worker)
        }
        while queue.count > 0, mayStartWorker, let job = queue.popFirstAwaited() {
            guard let worker = try? addWorker(for: job) else {
                queue.putBack(job)
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
        let worker = Worker(id: nextID, latch: try makeLatch(), interrupter: Interrupter(), job: job)
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
