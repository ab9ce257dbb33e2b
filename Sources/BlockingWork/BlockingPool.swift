import Synchronization
import Threads
package import Time

/// The only threads of the program that may block: each owns a state, such as a database connection, and does
/// one call at a time on it.
///
/// A call ends for its caller at its deadline, whatever the thread does. Threads come on demand and share
/// nothing but the roster; one more thread, the timekeeper, sleeps until the nearest deadline. A call goes to
/// the first thread that is ready: while new threads open their states, it may run on one that became free.
///
/// `close()` must be called: the threads hold on to the pool until then.
package final class BlockingPool<State: PoolState & ~Copyable>: Sendable {
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

    /// Runs the work on a thread of the pool. `receive` is called exactly once, with the value or an error,
    /// at the deadline at the latest: on the pool's thread once that is free for its next call, on the
    /// timekeeper, or on the caller's thread before this function returns when the call is refused at once.
    /// It must not block.
    ///
    /// Work that has not begun by the deadline never begins. Work that has begun goes on without anybody
    /// waiting for it. Urgent work goes before all work that waits. Work that returns nil runs again once the
    /// state has been opened anew; it is given how often it has run before.
    package func submit<Value: Sendable>(
        until deadline: Instant, isUrgent: Bool = false,
        _ work: @escaping @Sendable (inout State, _ attempts: Int) -> Value?,
        receive: @escaping @Sendable (Result<Value, PoolError>) -> Void
    ) {
        let call = PendingCall<Value>(receive)
        submit(
            Job(deadline: deadline, isUrgent: isUrgent, call: call) { cell, attempts in
                guard let cell = cell as? StateCell<State> else { preconditionFailure("a job strayed") }
                guard let value = work(&cell.state, attempts) else { return false }
                call.hold(value)
                return true
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
            submit(until: deadline, isUrgent: isUrgent) { state, _ in
                work(&state)
            } receive: {
                continuation.resume(returning: $0)
            }
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

    /// Starts a thread that opens its state before a call needs it, unless `warmThreads` are idle already.
    /// Returns whether it did.
    @discardableResult
    package func warmUp() -> Bool {
        guard let thread = roster.withLock({ $0.warmUp() }) else { return false }
        start(thread)
        return true
    }

    /// Ends the idle threads and leaves behind those that are opening their states, because what they hold or
    /// are about to get is of no use any more. Calls under way go on.
    package func renew() {
        let (wakeEvents, interrupters, replacements) = roster.withLock { $0.renew() }
        for wakeEvent in wakeEvents { wakeEvent.signal() }
        for interrupter in interrupters { interrupter.interrupt(nil) }
        for thread in replacements { start(thread) }
    }

    /// What the threads do at this moment.
    package var counts: PoolCounts { roster.withLock { $0.counts } }

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
            for call in roster.withLock({ $0.startFailed(thread.id) }) { call.fail(error) }
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
        var next = Roster.Assignment.open
        while true {
            switch next {
            case .open: next = open(cell, as: thread)
            case .run(let job): next = run(job, on: cell, as: thread)
            case .wait: next = awaitJob(cell, as: thread)
            case .leave: return cell.state.end()
            }
        }
    }

    private func open(_ cell: StateCell<State>, as thread: PoolThread) -> Roster.Assignment {
        if !cell.state.isOpen {
            let (begins, wakesTimekeeper) = roster.withLock { roster in
                let end = clock.now + roster.limits.openingLimit
                return (roster.beginOpening(thread.id, until: end), roster.bringForward(to: end))
            }
            if wakesTimekeeper { timekeeper.signal() }
            if begins {
                thread.interrupter.begin(nil)
                cell.state.open()
            }
        }
        let isOpen = cell.state.isOpen
        return roster.withLock { $0.opened(thread.id, isOpen: isOpen) }
    }

    private func run(
        _ job: Job, on cell: StateCell<State>, as thread: PoolThread
    ) -> Roster.Assignment {
        thread.interrupter.begin(job.call)
        let isDone = !job.call.isAwaited || job.perform(cell, job.attempts)
        let isOpen = cell.state.isOpen
        let next = roster.withLock { $0.finish(thread.id, isOpen: isOpen, again: isDone ? nil : job) }
        if isDone { job.call.deliver() }
        return next
    }

    private func awaitJob(_ cell: StateCell<State>, as thread: PoolThread) -> Roster.Assignment {
        let idleEnd = roster.withLock { $0.limits.idleLimit }.map { clock.now + $0 }
        var isIdleOver = false
        while true {
            let end = [isIdleOver ? nil : idleEnd, cell.state.expiry].compactMap(\.self).min()
            thread.wakeEvent.wait(for: end.map(clock.time))
            isIdleOver = idleEnd.map { $0 <= clock.now } ?? false
            let isOpen = cell.state.isOpen
            let next = roster.withLock {
                $0.assignment(thread.id, isOpen: isOpen, idleLimitReached: isIdleOver)
            }
            if case .wait = next { continue }
            return next
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
