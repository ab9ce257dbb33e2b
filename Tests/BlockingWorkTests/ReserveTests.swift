import TestSupport
import Testing
import Time

@testable import BlockingWork

/// The thread that is left free for reads.
@Suite struct ReserveTests {
    private func makeRoster(threads: Int) -> Roster {
        Roster(
            limits: PoolLimits(
                maximumThreads: threads, maximumQueue: 10, idleLimit: nil, reservedThreads: 1,
                replacesLateThreads: true))
    }

    private func read() -> Job {
        Job(deadline: .now + .seconds(10), isUrgent: true, usesReserve: true, call: TestCall()) { _, _ in true
        }
    }

    @Test func lastThread_isLeftFree_forJobsThatMayUseIt() throws {
        var roster = makeRoster(threads: 3)
        var running: [PoolThread] = []
        for _ in 0..<2 {
            let thread = try started(roster.admit(job()))
            #expect(isRun(roster.opened(thread.id, isOpen: true)))
            running.append(thread)
        }
        let last = try started(roster.admit(job()))
        guard case .wait = roster.opened(last.id, isOpen: true) else {
            return #expect(Bool(false), "the third job must wait")
        }
        guard case .wake = roster.admit(read()) else { return #expect(Bool(false), "it must run at once") }
        guard case .wait = roster.finish(last.id) else { return #expect(Bool(false), "no job may run") }
        #expect(isRun(roster.finish(running[0].id)), "the third job")
    }

    @Test func waitingJob_getsTheIdleThread_whenAnotherIsLeftBehind() throws {
        var roster = makeRoster(threads: 2)
        let now = Instant.now
        let stuck = try started(roster.admit(job(until: now + .seconds(1))))
        #expect(isRun(roster.opened(stuck.id, isOpen: true)))
        let idle = try started(roster.admit(job(until: now + .seconds(60))))
        guard case .wait = roster.opened(idle.id, isOpen: true) else {
            return #expect(Bool(false), "the second job must wait")
        }
        let expiry = roster.expire(at: now + .seconds(2))
        #expect(expiry.wakeEvents.count == 1 && expiry.replacements.isEmpty)
        #expect(isRun(roster.assignment(idle.id, idleLimitReached: false)))
    }

    @Test func poolOfOneThread_hasNoReserve() throws {
        var roster = makeRoster(threads: 1)
        let only = try started(roster.admit(job()))
        #expect(isRun(roster.opened(only.id, isOpen: true)))
    }
}
