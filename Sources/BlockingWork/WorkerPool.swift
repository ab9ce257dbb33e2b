import Synchronization
import Threads
package import Time

/// The only threads of the program that may block: each owns a state, such as a database connection, and does
/// one call at a time on it.
///
/// A call ends for its caller at its deadline, whatever the thread does. Threads come on demand and share
/// nothing but the roster; one more thread, the timekeeper, sleeps until the nearest deadline.
///
/// `close()` must be called: the threads hold on to the pool until then.
package final class WorkerPool<State: ~Copyable>: Sendable {
    private let roster: Mutex<Roster>
    private let makeState: @Sendable (Interrupter) -> State
    private let timekeeper: Latch
    private let lastThreadLeft: Latch
    private let threads = Atomic(0)

    /// Starts the timekeeper; workers follow with the first calls.
    ///
    /// `makeState` runs on each worker's own thread, where the state also ends. It registers with the
    /// interrupter what frees the thread from a call past its deadline.
    package init(
        limits: WorkerLimits, makeState: @escaping @Sendable (Interrupter) -> State
    ) throws(WorkError) {
        roster = Mutex(Roster(limits: limits))
        self.makeState = makeState
        timekeeper = try makeLatch()
        lastThreadLeft = try makeLatch()
        try startCounted { self.keepTime() }
    }

    /// Does the work on a worker's thread and returns its value, or throws at the deadline at the latest.
    ///
    /// Work that had not begun by then never begins. Work that had begun goes on without anybody waiting for
    /// it. Urgent work goes before all work that waits. Cancellation is not looked at: the deadline bounds
    /// the wait, and others may share the value with a caller that is gone.
    package func run<Value: Sendable>(
        until deadline: Instant, isUrgent: Bool = false,
        _ work: @escaping @Sendable (inout State) -> Value
    ) async throws(WorkError) -> Value {
        let result = await withCheckedContinuation { continuation in
            let reply = Reply<Value>(to: continuation)
            submit(
                Job(deadline: deadline, isUrgent: isUrgent, reply: reply) { cell in
                    guard let cell = cell as? StateCell<State> else { preconditionFailure("a job strayed") }
                    let value = work(&cell.state)
                    return { reply.succeed(value) }
                })
        }
        return try result.get()
    }

    /// Fails all callers with `closed`, interrupts what is under way and ends the threads. Returns when they
    /// have ended, after the grace at the latest.
    package func close(grace: Duration = .seconds(1)) {
        let (replies, latches, interrupters) = roster.withLock { $0.close() }
        for reply in replies { reply.fail(.closed) }
        for interrupter in interrupters { interrupter.interrupt() }
        for latch in latches { latch.raise() }
        timekeeper.raise()
        let deadline = Instant.now + grace
        while threadCount > 0, Instant.now < deadline { lastThreadLeft.wait(until: deadline) }
    }

    /// Threads that have not ended: the timekeeper, the workers, and those left behind.
    package var threadCount: Int { threads.load(ordering: .acquiring) }

    private func submit(_ job: Job) {
        let (admission, wakesTimekeeper) = roster.withLock { roster in
            (roster.admit(job), roster.bringForward(to: job.deadline))
        }
        act(on: admission, of: job)
        if wakesTimekeeper { timekeeper.raise() }
    }

    private func act(on admission: Roster.Admission, of job: Job) {
        switch admission {
        case .wake(let latch): latch.raise()
        case .start(let worker): start(worker)
        case .queued: break
        case .refused(let error): job.reply.fail(error)
        }
    }

    private func start(_ worker: Roster.Worker) {
        do throws(WorkError) {
            try startCounted { self.serve(as: worker) }
        } catch {
            guard let (job, admission) = roster.withLock({ $0.startFailed(worker.id, error) }) else { return }
            act(on: admission, of: job)
        }
    }

    /// Starts a thread that `close()` waits for. It counts until all that it owned is gone.
    private func startCounted(_ run: @escaping @Sendable () -> Void) throws(WorkError) {
        threads.add(1, ordering: .relaxed)
        do throws(ThreadError) {
            try Thread(name: "store") {
                run()
                self.leave()
            }.detach()
        } catch {
            leave()
            throw .systemLimit(error.number)
        }
    }

    private func leave() {
        if threads.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { lastThreadLeft.raise() }
    }

    /// A worker's life.
    private func serve(as worker: Roster.Worker) {
        let cell = StateCell(makeState(worker.interrupter))
        var next = worker.job
        while let job = next {
            worker.interrupter.begin(job.reply)
            let deliver = job.reply.isAwaited ? job.perform(cell) : {}
            let assignment = roster.withLock { $0.finish(worker.id) }
            deliver()
            switch assignment {
            case .run(let job): next = job
            case .wait: next = awaitJob(as: worker)
            case .leave: next = nil
            }
        }
    }

    private func awaitJob(as worker: Roster.Worker) -> Job? {
        let limit = roster.withLock { $0.limits.idleLimit }.map { Instant.now + $0 }
        while true {
            worker.latch.wait(until: limit)
            let isOver = limit.map { $0 <= Instant.now } ?? false
            switch roster.withLock({ $0.assignment(worker.id, idleLimitReached: isOver) }) {
            case .run(let job): return job
            case .wait: continue
            case .leave: return nil
            }
        }
    }

    private func keepTime() {
        while true {
            let (expiry, isClosed) = roster.withLock { roster in
                (roster.expire(at: Instant.now), roster.isClosed)
            }
            for reply in expiry.replies { reply.fail(.deadlineExceeded) }
            for (call, interrupter) in expiry.interrupts { interrupter.interrupt(call) }
            for worker in expiry.replacements { start(worker) }
            if isClosed { return }
            timekeeper.wait(until: expiry.nextDeadline)
        }
    }
}
