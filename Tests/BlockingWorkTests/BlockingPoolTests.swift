import BlockingWork
import Synchronization
import TestSupport
import Testing
import Threads

@Suite(.timeLimit(.minutes(1))) struct BlockingPoolTests {
    private let events = Events()

    @Test func run_returnsTheValue_andKeepsTheStateBetweenCalls() async throws {
        let pool = try events.makePool(limits())
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
        let pool = try events.makePool(limits(threads: 4))
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
        let pool = try events.makePool(limits())
        pool.close()
        await #expect(throws: PoolError.closed) { try await pool.run(until: soon(.seconds(10))) { _ in } }
    }

    @Test func close_failsRunningCalls_atOnce() async throws {
        let unstick = try WakeEvent()
        let began = Event()
        let pool = try events.makePool(limits(), unstick: unstick)
        let caller = Task {
            try await pool.run(until: soon(.seconds(60))) { _ in
                began.happen()
                unstick.wait(until: nil)
            }
        }
        await began.wait()
        pool.close()
        await #expect(throws: PoolError.closed) { try await caller.value }
        #expect(pool.threadCount == 0)
    }

    @Test func run_refuses_whenTheQueueIsFull() async throws {
        let pool = try events.makePool(limits(queue: 1))
        let busy = try await BusyThread(of: pool)
        let refusals = await withTaskGroup(of: PoolError?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do throws(PoolError) {
                        try await pool.run(until: soon(.seconds(10))) { _ in }
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var refused = 0
            // Two calls are refused while the third waits in the queue. Then the thread is released.
            for await error in group {
                if error == .queueFull { refused += 1 }
                if refused == 2 { busy.release() }
            }
            return refused
        }
        try await busy.end()
        #expect(refusals == 2)
        pool.close()
    }

    @Test func cancelledCaller_stillGetsItsValue() async throws {
        let hold = try WakeEvent()
        let began = Event()
        let pool = try events.makePool(limits())
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
        hold.signal()
        #expect(try await caller.value == 5)
    }

    @Test func urgentWork_runsBeforeQueuedWork() async throws {
        let order = Order()
        let pool = try events.makePool(limits())
        defer { pool.close() }
        let busy = try await BusyThread(of: pool)
        // Each call is queued before the task suspends for the first time.
        let calls = [("a", false), ("b", false), ("c", true)].map { name, isUrgent in
            Task.immediate {
                try await pool.run(until: soon(.seconds(10)), isUrgent: isUrgent) { _ in order.add(name) }
            }
        }
        busy.release()
        try await busy.end()
        for call in calls { try await call.value }
        #expect(order.names == ["c", "a", "b"])
    }

    @Test func idleThread_endsItsState_afterTheIdleLimit() async throws {
        let ended = Event()
        let pool = try BlockingPool(limits: limits(idle: .milliseconds(20))) { _ in SignallingState(ended) }
        defer { pool.close() }
        try await pool.run(until: soon(.seconds(10))) { _ in }
        await ended.wait()
        try await pool.run(until: soon(.seconds(10))) { _ in }
    }

    @Test func sequentialCalls_useOneThread() async throws {
        let pool = try events.makePool(limits(threads: 10))
        defer { pool.close() }
        for _ in 0..<2_000 { try await pool.run(until: soon(.seconds(10))) { $0.uses += 1 } }
        #expect(events.made.load(ordering: .relaxed) == 1)
    }

    @Test func everyCall_isAnsweredExactlyOnce_whenDeadlinesAndAnswersRace() async throws {
        let pool = try events.makePool(limits(threads: 4, queue: 10_000))
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

/// A state whose end a test can await.
private struct SignallingState: PoolState, ~Copyable {
    let event: Event

    init(_ event: Event) {
        self.event = event
    }

    deinit {
        event.happen()
    }
}
