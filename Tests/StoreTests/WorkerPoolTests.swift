import BlockingWork
import Glibc
import Synchronization
import Testing

/// A worker's state that tells when it comes and goes, and on which thread.
private struct Witness: ~Copyable {
    let events: Events
    let thread = pthread_self()
    var uses = 0

    init(_ events: Events) {
        self.events = events
        events.made.add(1, ordering: .relaxed)
    }

    deinit {
        if pthread_equal(thread, pthread_self()) == 0 { events.strayed.add(1, ordering: .relaxed) }
        events.ended.add(1, ordering: .relaxed)
    }
}

private final class Events: Sendable {
    let made = Atomic(0)
    let ended = Atomic(0)
    let strayed = Atomic(0)
    let interrupted = Atomic(0)
}

private func limits(
    workers: Int = 1, queue: Int = 100, idle: Duration? = nil, replaces: Bool = true
) -> WorkerLimits {
    WorkerLimits(
        maximumWorkers: workers, maximumQueue: queue, idleLimit: idle, replacesLateWorkers: replaces)
}

@Suite(.timeLimit(.minutes(1))) struct WorkerPoolTests {
    private let events = Events()

    private func makePool(
        _ limits: WorkerLimits, unstick: Latch? = nil
    ) throws -> WorkerPool<Witness> {
        let events = events
        return try WorkerPool(limits: limits) { interrupter in
            interrupter.register {
                events.interrupted.add(1, ordering: .relaxed)
                unstick?.raise()
            }
            return Witness(events)
        }
    }

    @Test func run_returnsTheValue_andKeepsTheStateBetweenCalls() async throws {
        let pool = try makePool(limits())
        defer { pool.close() }
        for expected in 1...3 {
            let uses = try await pool.run(until: soon(.seconds(10))) { state in
                state.uses += 1
                return state.uses
            }
            #expect(uses == expected)
        }
        #expect(events.made.load(ordering: .relaxed) == 1)
    }

    @Test func close_endsEveryThread_andEachStateOnItsOwnThread() async throws {
        let pool = try makePool(limits(workers: 4))
        await withTaskGroup { group in
            for _ in 0..<200 {
                group.addTask { _ = try? await pool.run(until: soon(.seconds(10))) { $0.uses += 1 } }
            }
        }
        pool.close(grace: .seconds(10))
        #expect(pool.threadCount == 0)
        #expect(events.made.load(ordering: .relaxed) == events.ended.load(ordering: .relaxed))
        #expect(events.strayed.load(ordering: .relaxed) == 0)
    }

    @Test func run_throwsClosed_afterClose() async throws {
        let pool = try makePool(limits())
        pool.close()
        await #expect(throws: WorkError.closed) { try await pool.run(until: soon(.seconds(10))) { _ in } }
    }

    @Test func close_failsCallersUnderWay_atOnce() async throws {
        let unstick = try Latch()
        let began = Event()
        let pool = try makePool(limits(), unstick: unstick)
        let caller = Task {
            try await pool.run(until: soon(.seconds(60))) { _ in
                began.happen()
                unstick.wait(until: nil)
            }
        }
        await began.wait()
        pool.close()
        await #expect(throws: WorkError.closed) { try await caller.value }
        #expect(pool.threadCount == 0)
    }

    @Test func run_leavesAtItsDeadline_whateverTheThreadDoes() async throws {
        let never = try Latch()
        let pool = try makePool(limits())
        defer { pool.close(grace: .zero) }
        defer { never.raise() }
        try await OwnThread.run {
            let began = ContinuousClock.now
            await #expect(throws: WorkError.deadlineExceeded) {
                try await pool.run(until: began + .milliseconds(200)) { _ in never.wait(until: nil) }
            }
            #expect(began.duration(to: .now) >= .milliseconds(200))
            #expect(began.duration(to: .now) < .milliseconds(300))
        }
    }

    @Test func run_isServedByAReplacement_afterAWorkerWasLeftBehind() async throws {
        let never = try Latch()
        let pool = try makePool(limits())
        await #expect(throws: WorkError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { _ in never.wait(until: nil) }
        }
        #expect(events.interrupted.load(ordering: .relaxed) == 1)
        let uses = try await pool.run(until: soon(.seconds(10))) { $0.uses }
        #expect(uses == 0)
        #expect(events.made.load(ordering: .relaxed) == 2)
        never.raise()
        pool.close(grace: .seconds(10))
        #expect(pool.threadCount == 0)
        #expect(events.ended.load(ordering: .relaxed) == 2)
    }

    @Test func stuckWorkers_areBounded() async throws {
        let never = try Latch()
        let release = Event()
        let pool = try makePool(limits(workers: 2))
        for _ in 0..<6 {
            await #expect(throws: WorkError.deadlineExceeded) {
                try await pool.run(until: soon(.milliseconds(20))) { _ in
                    never.wait(until: nil)
                    never.raise()
                    release.happen()
                }
            }
        }
        #expect(pool.threadCount == 5, "two in service, two left behind, the timekeeper")
        never.raise()
        await release.wait()
        pool.close(grace: .seconds(10))
        #expect(pool.threadCount == 0)
    }

    @Test func lateWorker_staysInService_whenItsStateCannotBeReplaced() async throws {
        let never = try Latch()
        let pool = try makePool(limits(replaces: false))
        defer { pool.close() }
        await #expect(throws: WorkError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { state in
                state.uses = 7
                never.wait(until: nil)
            }
        }
        async let uses = pool.run(until: soon(.seconds(10))) { $0.uses }
        never.raise()
        #expect(try await uses == 7)
    }

    @Test func run_refuses_whenTheQueueIsFull() async throws {
        let hold = try Latch()
        let began = Event()
        let pool = try makePool(limits(queue: 1))
        async let first: Void = pool.run(until: soon(.seconds(10))) { _ in
            began.happen()
            hold.wait(until: nil)
        }
        await began.wait()
        let refusals = await withTaskGroup(of: WorkError?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do throws(WorkError) {
                        try await pool.run(until: soon(.seconds(10))) { _ in }
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var refused = 0
            // Two are refused while the third waits in the queue; then the worker is let go.
            for await error in group {
                if error == .queueFull { refused += 1 }
                if refused == 2 { hold.raise() }
            }
            return refused
        }
        try await first
        #expect(refusals == 2)
        pool.close()
    }

    @Test func cancelledCaller_stillGetsItsValue() async throws {
        let hold = try Latch()
        let began = Event()
        let pool = try makePool(limits())
        defer { pool.close() }
        let caller = Task {
            try await pool.run(until: soon(.seconds(10))) { _ in
                began.happen()
                hold.wait(until: nil)
                return 5
            }
        }
        await began.wait()
        caller.cancel()
        hold.raise()
        #expect(try await caller.value == 5)
    }

    @Test func queuedWork_neverBegins_afterItsDeadline() async throws {
        let hold = try Latch()
        let began = Event()
        let pool = try makePool(limits())
        defer { pool.close() }
        async let first: Void = pool.run(until: soon(.seconds(10))) { _ in
            began.happen()
            hold.wait(until: nil)
        }
        await began.wait()
        await #expect(throws: WorkError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { $0.uses += 100 }
        }
        hold.raise()
        try await first
        #expect(try await pool.run(until: soon(.seconds(10))) { $0.uses } == 0)
    }

    @Test func urgentWork_goesBeforeAllThatWaits() async throws {
        let hold = try Latch()
        let began = Event()
        let order = Order()
        let pool = try makePool(limits())
        defer { pool.close() }
        async let first: Void = pool.run(until: soon(.seconds(10))) { _ in
            began.happen()
            hold.wait(until: nil)
        }
        await began.wait()
        // Each call is queued before the task suspends for the first time.
        let calls = [("a", false), ("b", false), ("c", true)].map { name, isUrgent in
            Task.immediate {
                try await pool.run(until: soon(.seconds(10)), isUrgent: isUrgent) { _ in order.add(name) }
            }
        }
        hold.raise()
        try await first
        for call in calls { try await call.value }
        #expect(order.names == ["c", "a", "b"])
    }

    @Test func idleWorker_endsItsState_afterTheIdleLimit() async throws {
        let ended = Event()
        let pool = try WorkerPool(limits: limits(idle: .milliseconds(20))) { _ in Farewell(ended) }
        defer { pool.close() }
        try await pool.run(until: soon(.seconds(10))) { _ in }
        await ended.wait()
        try await pool.run(until: soon(.seconds(10))) { _ in }
    }

    @Test func sequentialCalls_useOneWorker_howeverManyThereMayBe() async throws {
        let pool = try makePool(limits(workers: 10))
        defer { pool.close() }
        for _ in 0..<2_000 { try await pool.run(until: soon(.seconds(10))) { $0.uses += 1 } }
        #expect(events.made.load(ordering: .relaxed) == 1)
    }

    @Test func everyCall_isAnsweredExactlyOnce_whenDeadlinesAndAnswersRace() async throws {
        let pool = try makePool(limits(workers: 4, queue: 10_000))
        // A continuation resumed twice ends the process; one never resumed keeps this group from ending.
        let answers = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<5_000 {
                group.addTask {
                    let deadline = soon(.microseconds(index % 2_000))
                    return (try? await pool.run(until: deadline) { $0.uses += 1 }) != nil
                }
            }
            return await group.reduce(into: (done: 0, late: 0)) { sums, isDone in
                if isDone { sums.done += 1 } else { sums.late += 1 }
            }
        }
        #expect(answers.done + answers.late == 5_000)
        pool.close(grace: .seconds(10))
        #expect(pool.threadCount == 0)
    }
}

private final class Order: Sendable {
    private let list = Mutex<[String]>([])

    var names: [String] { list.withLock { $0 } }

    func add(_ name: String) {
        list.withLock { $0.append(name) }
    }
}

/// A state whose end can be waited for.
private struct Farewell: ~Copyable {
    let event: Event

    init(_ event: Event) {
        self.event = event
    }

    deinit {
        event.happen()
    }
}
