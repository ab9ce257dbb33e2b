import Synchronization
import TestSupport
import Time

@testable import BlockingWork

// Steps of the tests that play through a roster.

func job(until deadline: Instant = .now + .seconds(10), isUrgent: Bool = false) -> Job {
    Job(deadline: deadline, isUrgent: isUrgent, call: TestCall()) { _, _ in true }
}

func started(_ admission: Roster.Admission) throws -> PoolThread {
    guard case .start(let thread) = admission else { throw NotStarted(admission: "\(admission)") }
    return thread
}

func isLeave(_ assignment: Roster.Assignment) -> Bool {
    if case .leave = assignment { true } else { false }
}

func isRun(_ assignment: Roster.Assignment) -> Bool {
    if case .run = assignment { true } else { false }
}

func isOpen(_ assignment: Roster.Assignment) -> Bool {
    if case .open = assignment { true } else { false }
}

func isQueued(_ admission: Roster.Admission) -> Bool {
    if case .queued = admission { true } else { false }
}

private struct NotStarted: Error {
    let admission: String
}

final class TestCall: AnyPendingCall {
    private let hasFailed = Atomic(false)

    var isAwaited: Bool { !hasFailed.load(ordering: .relaxed) }

    func deliver() {}

    func fail(_ error: PoolError) {
        hasFailed.store(true, ordering: .relaxed)
    }
}
