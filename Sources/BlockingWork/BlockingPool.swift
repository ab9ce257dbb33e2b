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
package final class BlockingPool<State: ~Copyable>: Sendable {
    private let name: String
    private let clock: Clock
    private let roster: Mutex<Roster>
    private let makeState: @Sendable (Interrupter) -> State
    private let timekeeper: WakeEvent
    private let lastThreadLeft: WakeEvent
    private let runningThreads = Atomic(0)

    /// The descriptors that a pool has open at most: an event for each thread, of which as many again may
    /// be left behind, and two of its own.
    package static func descriptors(_ limits: PoolLimits) -> Int {
        2 + limits.maximumThreads * (limits.replacesLateThreads ? 2 : 1)
    }

    /// Starts the timekeeper; threads follow with the first calls.
    ///
    /// `makeState` runs on each thread's own thread, where the state also ends. It registers with the
    /// interrupter what frees the thread from a call past its deadline.
    package init(
        name: String, limits: PoolLimits, clock: Clock,
        makeState: @escaping @Sendable (Interrupter) -> State
    ) throws(PoolError) {
        self.name = name
        self.clock = clock
        roster = Mutex(Roster(limits: limits))
        self.makeState = makeState
        timekeeper = try makeWakeEvent()
        lastThreadLeft = try makeWakeEvent()
        try startCounted { self.keepTime() }
    }

    /// Runs the work on a thread of the pool. `receive` is called exactly once, with the value or an error, at
    /// the deadline at the latest: on the pool's thread once that is free for its next call, on the
    /// timekeeper, or on the caller's thread before this function returns when the call is refused at once.
    /// It must not block.
    ///
    /// Work that has not begun by the deadline never begins. Work that has begun goes on without anybody
    /// waiting for it. Urgent work goes before all work that waits.
    package func submit<Value: Sendable>(
        until deadline: Instant, isUrgent: Bool = false,
        _ work: @escaping @Sendable (inout State) -> Value,
        receive: @escaping @Sendable (Result<Value, PoolError>) -> Void
    ) {
        let call = PendingCall<Value>(receive)
        submit(
            Job(deadline: deadline, isUrgent: isUrgent, call: call) { cell in
                guard let cell = cell as? StateCell<State> else { preconditionFailure("a job strayed") }
                call.hold(work(&cell.state))
            })
    }

    /// Runs the work as `submit` does and returns its value.
    ///
    /// Cancellation is ignored: the deadline bounds the wait, and others may share the value with a caller
    /// that is gone.
    package func run<Value: Sendable>(
        until deadline: Instant, isUrgent: Bool = false,
        _ work: @escaping @Sendable (inout State) -> Value
    ) async throws(PoolError) -> Value {
        let result = await withCheckedContinuation { continuation in
            submit(until: deadline, isUrgent: isUrgent, work) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Fails all callers with `closed`, interrupts what is under way and ends the threads. Returns when they
    /// have ended, after the grace at the latest.
    package func close(grace: Duration = .seconds(1)) {
        let (calls, wakeEvents, interrupters) = roster.withLock { $0.close() }
        for call in calls { call.fail(.closed) }
        for interrupter in interrupters { interrupter.interrupt() }
        for wakeEvent in wakeEvents { wakeEvent.signal() }
        timekeeper.signal()
        let deadline = clock.now + grace
        while threadCount > 0, clock.now < deadline { lastThreadLeft.wait(for: clock.time(until: deadline)) }
    }

    /// Threads that have not ended: the timekeeper, the threads, and those left behind.
    package var threadCount: Int { runningThreads.load(ordering: .acquiring) }

    private func submit(_ job: Job) {
        let (admission, wakesTimekeeper) = roster.withLock { roster in
            (roster.admit(job), roster.bringForward(to: job.deadline))
        }
        act(on: admission, of: job)
        if wakesTimekeeper { timekeeper.signal() }
    }

    private func act(on admission: Roster.Admission, of job: Job) {
        switch admission {
        case .wake(let wakeEvent): wakeEvent.signal()
        case .start(let thread): start(thread)
        case .queued: break
        case .refused(let error): job.call.fail(error)
        }
    }

    private func start(_ thread: PoolThread) {
        do throws(PoolError) {
            try startCounted { self.serve(as: thread) }
        } catch {
            guard let (job, admission) = roster.withLock({ $0.startFailed(thread.id, error) }) else { return }
            act(on: admission, of: job)
        }
    }

    /// Starts a thread that `close()` waits for. It counts until all that it owned is gone.
    private func startCounted(_ run: @escaping @Sendable () -> Void) throws(PoolError) {
        runningThreads.add(1, ordering: .relaxed)
        do throws(ThreadError) {
            try Thread(name: name) {
                run()
                self.leave()
            }.detach()
        } catch {
            leave()
            throw .systemLimit(error.number)
        }
    }

    private func leave() {
        if runningThreads.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            lastThreadLeft.signal()
        }
    }

    /// A thread's life.
    private func serve(as thread: PoolThread) {
        let cell = StateCell(makeState(thread.interrupter))
        var next = thread.job
        while let job = next {
            thread.interrupter.begin(job.call)
            if job.call.isAwaited { job.perform(cell) }
            let assignment = roster.withLock { $0.finish(thread.id) }
            job.call.deliver()
            switch assignment {
            case .run(let job): next = job
            case .wait: next = awaitJob(as: thread)
            case .leave: next = nil
            }
        }
    }

    private func awaitJob(as thread: PoolThread) -> Job? {
        let limit = roster.withLock { $0.limits.idleLimit }.map { clock.now + $0 }
        while true {
            thread.wakeEvent.wait(for: limit.map(clock.time))
            let isOver = limit.map { $0 <= clock.now } ?? false
            switch roster.withLock({ $0.assignment(thread.id, idleLimitReached: isOver) }) {
            case .run(let job): return job
            case .wait: continue
            case .leave: return nil
            }
        }
    }

    private func keepTime() {
        while true {
            let (expiry, isClosed) = roster.withLock { roster in
                (roster.expire(at: clock.now), roster.isClosed)
            }
            for call in expiry.calls { call.fail(.deadlineExceeded) }
            for (call, interrupter) in expiry.interrupts { interrupter.interrupt(call) }
            for thread in expiry.replacements { start(thread) }
            if isClosed { return }
            timekeeper.wait(for: expiry.nextDeadline.map(clock.time))
        }
    }
}
