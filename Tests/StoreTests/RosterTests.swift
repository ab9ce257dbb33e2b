import Synchronization
import TestSupport
import Testing
import Threads
import Time

@testable import BlockingWork

/// What the pool decides in the moments between two threads, played through one step at a time.
@Suite struct RosterTests {
    @Test func workerLeftBehindBeforeItWokeUp_leavesItsPlace() throws {
        var roster = Roster(limits: limits(threads: 1))
        for _ in 1...3 {
            let thread = try started(roster.admit(job(until: .now)))
            // Its time is up before its thread has looked for the call.
            #expect(roster.expire(at: .now + .seconds(1)).calls.count == 1)
            #expect(isLeave(roster.assignment(thread.id, idleLimitReached: false)))
        }
        let stuck = try started(roster.admit(job(until: .now)))
        #expect(isQueued(roster.admit(job(until: .now + .seconds(10)))))
        let expiry = roster.expire(at: .now + .seconds(1))
        #expect(expiry.replacements.count == 1, "a stuck thread must be replaced")
        #expect(isLeave(roster.finish(stuck.id)))
    }

    @Test func jobOfAWorkerThatDidNotStart_goesToOneThatBecameIdle() throws {
        var roster = Roster(limits: limits(threads: 2))
        let first = try started(roster.admit(job()))
        let second = try started(roster.admit(job()))
        guard case .wait = roster.finish(first.id) else { return #expect(Bool(false), "nothing is queued") }
        let outcome = roster.startFailed(second.id, .systemLimit(11))
        let (_, admission) = try #require(outcome)
        guard case .wake(let wakeEvent) = admission else { return #expect(Bool(false), "\(admission)") }
        #expect(wakeEvent === first.wakeEvent)
        guard case .run = roster.assignment(first.id, idleLimitReached: false) else {
            return #expect(Bool(false), "the idle thread has the job")
        }
    }

    @Test func jobOfTheOnlyWorker_isRefused_whenItDidNotStart() throws {
        var roster = Roster(limits: limits(threads: 1))
        let thread = try started(roster.admit(job()))
        let outcome = roster.startFailed(thread.id, .systemLimit(11))
        let (_, admission) = try #require(outcome)
        guard case .refused(.systemLimit(11)) = admission else {
            return #expect(Bool(false), "\(admission)")
        }
    }

    @Test func interruptOfACallThatEnded_leavesTheNextOneAlone() {
        let interrupter = Interrupter()
        let (first, second) = (TestReply(), TestReply())
        let interrupts = Atomic(0)
        interrupter.begin(first)
        interrupter.register { interrupts.add(1, ordering: .relaxed) }
        interrupter.begin(second)
        interrupter.interrupt(first)
        #expect(!interrupter.isInterrupted && interrupts.load(ordering: .relaxed) == 0)
        interrupter.interrupt(second)
        #expect(interrupter.isInterrupted && interrupts.load(ordering: .relaxed) == 1)
    }

    private func limits(threads: Int) -> PoolLimits {
        PoolLimits(maximumThreads: threads, maximumQueue: 4, idleLimit: nil, replacesLateThreads: true)
    }

    private func job(until deadline: Instant = .now + .seconds(10)) -> Job {
        Job(deadline: deadline, isUrgent: false, call: TestReply()) { _ in }
    }

    private func started(_ admission: Roster.Admission) throws -> PoolThread {
        guard case .start(let thread) = admission else { throw NotStarted(admission: "\(admission)") }
        return thread
    }

    private func isLeave(_ assignment: Roster.Assignment) -> Bool {
        if case .leave = assignment { true } else { false }
    }

    private func isQueued(_ admission: Roster.Admission) -> Bool {
        if case .queued = admission { true } else { false }
    }

    private struct NotStarted: Error {
        let admission: String
    }
}

private final class TestReply: AnyPendingCall {
    private let hasFailed = Atomic(false)

    var isAwaited: Bool { !hasFailed.load(ordering: .relaxed) }

    func deliver() {}

    func fail(_ error: PoolError) {
        hasFailed.store(true, ordering: .relaxed)
    }
}
