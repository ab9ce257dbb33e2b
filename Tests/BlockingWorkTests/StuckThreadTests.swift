import BlockingWork
import Synchronization
import TestSupport
import Testing
import Threads
import Time

/// Calls and threads whose work does not end in time.
@Suite(.timeLimit(.minutes(1))) struct StuckThreadTests {
    private let events = Events()

    @Test func run_throwsAtItsDeadline_whileItsThreadIsStuck() async throws {
        let never = try WakeEvent()
        let pool = try events.makePool(limits())
        defer { pool.close(grace: .zero) }
        defer { never.signal() }
        try await OwnThread.run {
            let began = Instant.now
            await #expect(throws: PoolError.deadlineExceeded) {
                try await pool.run(until: began + .milliseconds(200)) { _ in never.wait(until: nil) }
            }
            #expect(began.duration(to: .now) >= .milliseconds(200))
            #expect(began.duration(to: .now) < .milliseconds(200) + lateness)
        }
    }

    @Test func run_usesANewThread_afterOneWasLeftBehind() async throws {
        let never = try WakeEvent()
        let pool = try events.makePool(limits())
        await #expect(throws: PoolError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { _ in never.wait(until: nil) }
        }
        // The thread is interrupted after its caller has been answered, so that the caller's deadline is
        // kept.
        try eventually { events.interrupted.load(ordering: .relaxed) > 0 }
        let uses = try await pool.run(until: soon(.seconds(10))) { $0.uses }
        #expect(uses == 0)
        #expect(events.made.load(ordering: .relaxed) == 2)
        never.signal()
        pool.close(grace: .seconds(10))
        #expect(pool.threadCount == 0)
        #expect(events.ended.load(ordering: .relaxed) == 2)
    }

    @Test func stuckThreads_areBounded() async throws {
        let never = try WakeEvent()
        let release = Event()
        let pool = try events.makePool(limits(threads: 2))
        for _ in 0..<6 {
            await #expect(throws: PoolError.deadlineExceeded) {
                try await pool.run(until: soon(.milliseconds(20))) { _ in
                    never.wait(until: nil)
                    never.signal()
                    release.happen()
                }
            }
        }
        #expect(pool.threadCount == 5, "two in service, two left behind, the timekeeper")
        never.signal()
        await release.wait()
        pool.close(grace: .seconds(10))
        #expect(pool.threadCount == 0)
    }

    @Test func lateThread_staysInService_whenItsStateCannotBeReplaced() async throws {
        let never = try WakeEvent()
        let pool = try events.makePool(limits(replaces: false))
        defer { pool.close() }
        await #expect(throws: PoolError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { state in
                state.uses = 7
                never.wait(until: nil)
            }
        }
        async let uses = pool.run(until: soon(.seconds(10))) { $0.uses }
        never.signal()
        #expect(try await uses == 7)
    }

    @Test func queuedWork_neverBegins_afterItsDeadline() async throws {
        let pool = try events.makePool(limits())
        defer { pool.close() }
        let busy = try await BusyThread(of: pool)
        await #expect(throws: PoolError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { $0.uses += 100 }
        }
        busy.release()
        try await busy.end()
        #expect(try await pool.run(until: soon(.seconds(10))) { $0.uses } == 0)
    }

    @Test func counts_includeBusyWaitingAndLeftBehind() async throws {
        let never = try WakeEvent()
        let pool = try events.makePool(limits(threads: 1))
        await #expect(throws: PoolError.deadlineExceeded) {
            try await pool.run(until: soon(.milliseconds(20))) { _ in never.wait(until: nil) }
        }
        let busy = try await BusyThread(of: pool)
        let waiting = Task.immediate { try await pool.run(until: soon(.seconds(10))) { _ in } }
        let counts = pool.counts
        #expect(counts.busy == 1 && counts.leftBehind == 1 && counts.waiting == 1)
        #expect(counts.idle == 0 && counts.opening == 0)
        never.signal()
        busy.release()
        try await busy.end()
        try await waiting.value
        #expect(pool.counts.waiting == 0)
        pool.close(grace: .seconds(10))
    }
}
