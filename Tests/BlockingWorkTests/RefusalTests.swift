import TestSupport
import Testing
import Time

@testable import BlockingWork

/// States that are refused because there are too many of them.
@Suite struct RefusalTests {
    private func makeRoster(threads: Int) -> Roster { Roster(limits: limits(threads: threads)) }

    @Test func refusedThread_givesItsCallBack_andNoMoreAreStarted_untilThePauseIsOver() throws {
        var roster = makeRoster(threads: 3)
        let now = Instant.now
        let open = try started(roster.admit(job(until: now + .seconds(60))))
        #expect(isRun(roster.opened(open.id, isOpen: true)))
        let other = try started(roster.admit(job(until: now + .seconds(60))))
        let refusal = roster.refused(other.id, at: now)
        #expect(refusal?.threads == 1)
        #expect(isQueued(roster.admit(job(until: now + .seconds(60)))))
        #expect(roster.expire(at: now + .seconds(9)).replacements.isEmpty)
        #expect(isRun(roster.finish(open.id)), "the call of the refused thread")
        #expect(roster.counts.waiting == 1)
        #expect(roster.expire(at: now + .seconds(10)).replacements.count == 1)
    }

    @Test func callOfARefusedThread_goesToAnIdleThread() throws {
        var roster = makeRoster(threads: 2)
        let first = try started(roster.admit(job()))
        #expect(isRun(roster.opened(first.id, isOpen: true)))
        let second = try started(roster.admit(job()))
        #expect(isRun(roster.opened(second.id, isOpen: true)))
        guard case .wait = roster.finish(first.id) else { return #expect(Bool(false), "no job waits") }
        // The second thread's session has ended; it must be reopened for the call.
        guard case .open = roster.finish(second.id, isOpen: false, again: job()) else {
            return #expect(Bool(false), "it must reopen its state")
        }
        let refusal = roster.refused(second.id, at: .now)
        #expect(refusal?.wakeEvents.count == 1)
        #expect(isRun(roster.assignment(first.id, idleLimitReached: false)))
    }

    @Test func onlyThread_isNotLeftOut() throws {
        var roster = makeRoster(threads: 3)
        let only = try started(roster.admit(job()))
        let refusal = roster.refused(only.id, at: .now)
        #expect(refusal == nil)
        #expect(isRun(roster.opened(only.id, isOpen: false)), "its call reports the error")
    }
}
