import Synchronization
import Threads
package import Time

/// A bounded pool of threads for blocking calls. Each thread owns a state, such as a database connection, and
/// runs one call at a time on it.
///
/// Every call ends for its caller by its deadline, even if the thread is still blocked. Threads are started
/// on demand and share only the roster. One more thread, the timekeeper, sleeps until the nearest deadline. A
/// call runs on the first thread that is ready: if one becomes free while new threads still open their
/// states, the call runs there.
///
/// The owner must call `close()`: until then the threads retain the pool.
package final class BlockingPool<State: PoolState & ~Copyable>: Sendable {
    private let name: String
    private let clock: Clock
    private let roster: Mutex<Roster>
    private let makeState: @Sendable (Interrupter) -> State
    private let timekeeper: WakeEvent
    private let lastThreadLeft: WakeEvent
    private let runningThreads = Atomic(0)

    /// Returns the maximum number of descriptors that a pool has open: one event per thread, including
    /// threads left behind, and two for the pool itself.
    package static func descriptors(_ limits: PoolLimits) -> Int {
        2 + limits.maximumThreads * (limits.replacesLateThreads ? 2 : 1)
    }

    /// Starts the timekeeper. The pool starts its other threads when calls need them.
    ///
    /// `makeState` runs on each new thread; the state is also used and ended there. The state registers an
    /// action with the interrupter that unblocks the thread when a call exceeds its deadline.
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
    /// no later than the deadline. It runs on the pool's thread after that has become free for its next call,
    /// on the timekeeper, on the thread that calls `close()`, or on the caller's thread before this function
    /// returns if the call is refused. It must not block.
    ///
    /// Work that has not begun by the deadline never begins. Work that has begun continues after the
    /// deadline, and its value is dropped. Urgent work is queued in front of all other work. The
    /// reserved threads are for urgent work with `usesReserve`. If the work returns nil, it runs again after
    /// the state has been reopened; `attempts` is the number of earlier runs.
    package func submit<Value: Sendable>(
        until deadline: Instant, isUrgent: Bool = false, usesReserve: Bool = false,
        _ work: @escaping @Sendable (inout State, _ attempts: Int) -> Value?,
        receive: @escaping @Sendable (Result<Value, PoolError>) -> Void
    ) {
        let call = PendingCall<Value>(receive)
        submit(
            Job(deadline: deadline, isUrgent: isUrgent, usesReserve: usesReserve, call: call) {
                cell, attempts in
                guard let cell = cell as? StateCell<State> else { preconditionFailure("job of another pool") }
                guard let value = work(&cell.state, attempts) else { return false }
                call.hold(value)
                return true
            })
    }

    /// Runs the work as `submit` does and returns its value.
    ///
    /// Cancellation is ignored: the deadline bounds the wait, and other callers may share the value.
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

    /// Fails all calls with `closed`, interrupts running calls and ends the threads. Returns when the threads
    /// have ended, or after `grace`.
    package func close(grace: Duration = .seconds(1)) {
        let (calls, wakeEvents, interrupters) = roster.withLock { $0.close() }
        for call in calls { call.fail(.closed) }
        for interrupter in interrupters { interrupter.interrupt() }
        for wakeEvent in wakeEvents { wakeEvent.signal() }
        timekeeper.signal()
        let deadline = clock.now + grace
        while threadCount > 0, clock.now < deadline { lastThreadLeft.wait(for: clock.time(until: deadline)) }
    }

    /// Starts a thread that opens its state before a call needs it. Does nothing if `warmThreads` threads are
    /// already idle or opening, or if the pool has its maximum of threads. Returns whether it started one.
    @discardableResult
    package func warmUp() -> Bool {
        guard let thread = roster.withLock({ $0.warmUp() }) else { return false }
        start(thread)
        return true
    }

    /// Discards all states that are idle or being opened, because the resource they belong to has been
    /// replaced: ends the idle threads, and leaves behind the threads that are opening. Running calls
    /// continue.
    package func renew() {
        let (wakeEvents, interrupters, replacements) = roster.withLock { $0.renew() }
        for wakeEvent in wakeEvents { wakeEvent.signal() }
        for interrupter in interrupters { interrupter.interrupt(nil) }
        for thread in replacements { start(thread) }
    }

    /// The current number of threads in each phase, and of waiting calls.
    package var counts: PoolCounts { roster.withLock { $0.counts } }

    /// The number of threads that have not ended: the timekeeper, the pool's threads, and those left behind.
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

    /// Starts a thread and counts it until it has released everything it owns. `close()` waits for the count
    /// to reach zero.
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

    /// Runs a pool thread until the roster ends it.
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
        if !isOpen, cell.state.isRefused, leaveOut(thread, cell) { return .leave }
        return roster.withLock { $0.opened(thread.id, isOpen: isOpen) }
    }

    /// Goes on without a thread whose state was refused. Returns false if it is the only one.
    private func leaveOut(_ thread: PoolThread, _ cell: StateCell<State>) -> Bool {
        let (refusal, wakesTimekeeper) = roster.withLock { roster in
            let refusal = roster.refused(thread.id, at: clock.now)
            return (refusal, refusal.map { roster.bringForward(to: $0.end) } ?? false)
        }
        guard let refusal else { return false }
        for wakeEvent in refusal.wakeEvents { wakeEvent.signal() }
        if wakesTimekeeper { timekeeper.signal() }
        cell.state.leaveOut(others: refusal.threads)
        return true
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
            for wakeEvent in expiry.wakeEvents { wakeEvent.signal() }
            for thread in expiry.replacements { start(thread) }
            if isClosed { return }
            timekeeper.wait(for: expiry.nextDeadline.map(clock.time))
        }
    }
}
