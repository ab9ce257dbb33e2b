import Synchronization
import TestSupport
import Testing
import Threads
import Time

@testable import BlockingWork

/// Plays through interleavings of two threads, one step at a time.
@Suite struct RosterTests {
    @Test func threadLeftBehindBeforeItWakes_freesItsPlace() throws {
        var roster = Roster(limits: limits(threads: 1))
        for _ in 1...3 {
            let thread = try started(roster.admit(job()))
            #expect(isRun(roster.opened(thread.id, isOpen: true)))
            guard case .wait = roster.finish(thread.id) else { return #expect(Bool(false), "no job waits") }
            guard case .wake = roster.admit(job(until: .now)) else {
                return #expect(Bool(false), "it is idle")
            }
            // The call expires before the thread has woken up for it.
            #expect(roster.expire(at: .now + .seconds(1)).calls.count == 1)
            #expect(isLeave(roster.assignment(thread.id, idleLimitReached: false)))
        }
        let stuck = try started(roster.admit(job(until: .now)))
        #expect(isRun(roster.opened(stuck.id, isOpen: true)))
        #expect(isQueued(roster.admit(job())))
        let expiry = roster.expire(at: .now + .seconds(1))
        #expect(expiry.replacements.count == 1, "a stuck thread must be replaced")
        #expect(isLeave(roster.finish(stuck.id)))
    }

    @Test func opening_outlastsTheDeadlineOfItsCaller_andServesTheNextOne() throws {
        var roster = Roster(limits: limits(threads: 1))
        let now = Instant.now
        let thread = try started(roster.admit(job(until: now + .seconds(1))))
        let begins = roster.beginOpening(thread.id, until: now + .seconds(10))
        #expect(begins)
        let expiry = roster.expire(at: now + .seconds(2))
        #expect(expiry.calls.count == 1 && expiry.interrupts.isEmpty && expiry.replacements.isEmpty)
        #expect(roster.counts.opening == 1 && roster.counts.leftBehind == 0)
        #expect(isQueued(roster.admit(job(until: now + .seconds(5)))))
        #expect(isRun(roster.opened(thread.id, isOpen: true)))
    }

    @Test func opening_isLeftBehind_afterItsOwnLimit() throws {
        var roster = Roster(limits: limits(threads: 1))
        let now = Instant.now
        let thread = try started(roster.admit(job(until: now + .seconds(60))))
        let begins = roster.beginOpening(thread.id, until: now + .seconds(10))
        #expect(begins)
        let expiry = roster.expire(at: now + .seconds(11))
        #expect(expiry.calls.isEmpty && expiry.interrupts.count == 1)
        #expect(expiry.replacements.count == 1, "the call that waits gets another thread")
        #expect(roster.counts.leftBehind == 1)
        #expect(isLeave(roster.opened(thread.id, isOpen: true)))
    }

    @Test func call_runsOnTheFirstReadyThread() throws {
        var roster = Roster(limits: limits(threads: 2))
        let first = try started(roster.admit(job()))
        #expect(isRun(roster.opened(first.id, isOpen: true)))
        let second = try started(roster.admit(job()))
        #expect(isRun(roster.finish(first.id)), "it does not wait for the second thread")
        guard case .wait = roster.opened(second.id, isOpen: true) else {
            return #expect(Bool(false), "nothing waits")
        }
    }

    @Test func everyWaitingCall_runs_afterFailedOpenings() throws {
        var roster = Roster(limits: limits(threads: 1))
        let thread = try started(roster.admit(job()))
        #expect(isQueued(roster.admit(job())))
        #expect(isRun(roster.opened(thread.id, isOpen: false)))
        #expect(isOpen(roster.finish(thread.id, isOpen: false)))
        #expect(isRun(roster.opened(thread.id, isOpen: false)))
        #expect(isLeave(roster.finish(thread.id, isOpen: false)))
    }

    @Test func jobToRunAgain_staysWithItsThread_whichOpensAnew() throws {
        var roster = Roster(limits: limits(threads: 1))
        let thread = try started(roster.admit(job()))
        guard case .run(let job) = roster.opened(thread.id, isOpen: true) else {
            return #expect(Bool(false), "a job waits")
        }
        #expect(isOpen(roster.finish(thread.id, isOpen: false, again: job)))
        guard case .run(let again) = roster.opened(thread.id, isOpen: true) else {
            return #expect(Bool(false), "the job runs again")
        }
        #expect(again.call === job.call && again.attempts == 1)
    }

    @Test func warmThread_outlivesTheIdleLimit_andOpensAnewWhenItsStateExpires() throws {
        var roster = Roster(limits: limits(threads: 2, warm: 1))
        let (first, second) = (try started(roster.admit(job())), try started(roster.admit(job())))
        for thread in [first, second] { #expect(isRun(roster.opened(thread.id, isOpen: true))) }
        for thread in [first, second] {
            guard case .wait = roster.finish(thread.id) else { return #expect(Bool(false), "nothing waits") }
        }
        #expect(isLeave(roster.assignment(first.id, idleLimitReached: true)))
        guard case .wait = roster.assignment(second.id, idleLimitReached: true) else {
            return #expect(Bool(false), "the last one stays")
        }
        #expect(isOpen(roster.assignment(second.id, isOpen: false, idleLimitReached: true)))
        let warm = roster.warmUp()
        #expect(warm == nil, "one is about to be idle")
    }

    @Test func renewal_endsIdleThreads_andLeavesOpeningsBehind() throws {
        var roster = Roster(limits: limits(threads: 2))
        let idle = try started(roster.admit(job()))
        #expect(isRun(roster.opened(idle.id, isOpen: true)))
        let opening = try started(roster.admit(job()))
        guard case .run = roster.finish(idle.id), case .wait = roster.finish(idle.id) else {
            return #expect(Bool(false), "one job waited")
        }
        let (wakeEvents, interrupters, replacements) = roster.renew()
        #expect(wakeEvents.count == 1 && interrupters.count == 1 && replacements.isEmpty)
        #expect(isLeave(roster.assignment(idle.id, idleLimitReached: false)))
        #expect(isLeave(roster.opened(opening.id, isOpen: true)))
        _ = try started(roster.admit(job()))
    }

    @Test func threadThatDidNotStart_leavesItsJobToTheOthers() throws {
        var roster = Roster(limits: limits(threads: 2))
        let first = try started(roster.admit(job()))
        #expect(isRun(roster.opened(first.id, isOpen: true)))
        let second = try started(roster.admit(job()))
        let lost = roster.startFailed(second.id)
        #expect(lost.isEmpty)
        #expect(isRun(roster.finish(first.id)))
    }

    @Test func onlyThreadThatDidNotStart_failsEveryCall() throws {
        var roster = Roster(limits: limits(threads: 1))
        let thread = try started(roster.admit(job()))
        let lost = roster.startFailed(thread.id)
        #expect(lost.count == 1)
    }

    @Test func interrupt_isIgnored_afterItsCallHasEnded() {
        let interrupter = Interrupter()
        let (first, second) = (TestCall(), TestCall())
        let interrupts = Atomic(0)
        interrupter.begin(first)
        interrupter.register { interrupts.add(1, ordering: .relaxed) }
        interrupter.begin(second)
        interrupter.interrupt(first)
        #expect(!interrupter.isInterrupted && interrupts.load(ordering: .relaxed) == 0)
        interrupter.interrupt(second)
        #expect(interrupter.isInterrupted && interrupts.load(ordering: .relaxed) == 1)
    }

    private func limits(threads: Int, warm: Int = 0) -> PoolLimits {
        PoolLimits(
            maximumThreads: threads, maximumQueue: 4, idleLimit: nil, warmThreads: warm,
            replacesLateThreads: true)
    }
}
