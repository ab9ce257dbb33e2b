import Synchronization

/// Runs an operation one at a time for everybody who asks for its outcome.
///
/// Whoever asks while nothing runs begins a run. Whoever asks during a run shares the next one to begin, never the
/// one under way: that one may have begun before something that the asker must see. The first of those who wait leads
/// the next run in its own task, so that no task and no timer stand beside the askers.
///
/// Cancellation is not looked at. Everybody who waits is answered when a run ends, whether or not its client is still
/// there, so the operation's own deadline bounds what a client that is gone leaves behind; and a run goes on for the
/// others when the client of the one who leads it is gone.
final class SharedRuns<Outcome: Sendable>: Sendable {
    /// How a run ended.
    struct End: Sendable {
        let outcome: Outcome
        /// Whoever asked before this instant takes the outcome as well, although it asked after the run began.
        var servesAskersBefore: ContinuousClock.Instant?
    }

    private enum Turn: Sendable {
        case lead
        case take(Outcome)
    }

    private struct Waiter {
        let askedAt: ContinuousClock.Instant
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct State {
        var isRunning = false
        /// Those who share the next run, in the order in which they asked.
        var waiting: [Waiter] = []
    }

    private let state = Mutex(State())

    /// Begins a run or waits for the next one. `run` is called for whoever leads, and must end by a deadline counted
    /// from its `askedAt`: all others of the run asked later.
    func outcome(askedAt: ContinuousClock.Instant, of run: () async -> End) async -> Outcome {
        let turn = await withCheckedContinuation { continuation in
            let leads = state.withLock { state in
                if state.isRunning {
                    state.waiting.append(Waiter(askedAt: askedAt, continuation: continuation))
                    return false
                }
                state.isRunning = true
                return true
            }
            if leads { continuation.resume(returning: .lead) }
        }
        switch turn {
        case .take(let outcome): return outcome
        case .lead: return await lead(run)
        }
    }

    private func lead(_ run: () async -> End) async -> Outcome {
        let followers = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        let end = await run()
        let (latecomers, nextLeader) = state.withLock { state in
            let latecomers = state.waiting.prefix { waiter in
                end.servesAskersBefore.map { waiter.askedAt < $0 } ?? false
            }
            state.waiting.removeFirst(latecomers.count)
            let nextLeader = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            state.isRunning = nextLeader != nil
            return (latecomers, nextLeader)
        }
        nextLeader?.continuation.resume(returning: .lead)
        for waiter in followers + latecomers {
            waiter.continuation.resume(returning: .take(end.outcome))
        }
        return end.outcome
    }
}
