import Synchronization
import Time

/// Runs an operation one at a time for everybody who asks for its outcome.
///
/// Whoever asks while nothing runs begins a run. Whoever asks during a run shares the next one to begin,
/// never the one under way: that one may have begun before something that the asker must see. Those who wait
/// are functions and not tasks: with a task each, an answer cost a quarter more at 64 connections, a half at
/// 256.
///
/// Everybody who waits is answered when a run ends, whether or not its client is still there, so the
/// operation's own deadline bounds what a client that is gone leaves behind.
final class SingleFlight<Outcome: Sendable>: Sendable {
    /// How a run ended.
    struct End: Sendable {
        /// What those get who share the run.
        let outcome: Outcome
        /// What those get who asked before an instant, though after the run began. The others share the next
        /// run.
        var early: (askedBefore: Instant, outcome: Outcome)?
    }

    private struct Waiter {
        let askedAt: Instant
        let receive: @Sendable (Outcome) -> Void
    }

    private struct State {
        /// Somebody calls `run`, or is about to.
        var isRunning = false
        /// Those who share the next run, in the order in which they asked.
        var waiting: [Waiter] = []
    }

    private let state = Mutex(State())

    /// Asks for the outcome of the next run to begin. `receive` is called once, by whoever runs.
    ///
    /// - Returns: Whether nobody runs. The caller must then see to it that `run` is called, once.
    func join(askedAt: Instant, _ receive: @escaping @Sendable (Outcome) -> Void) -> Bool {
        state.withLock { state in
            state.waiting.append(Waiter(askedAt: askedAt, receive: receive))
            defer { state.isRunning = true }
            return !state.isRunning
        }
    }

    /// Runs the operation until nobody waits for it any more. The operation is given when the first of those
    /// who wait for it asked, and must end by a deadline counted from there.
    func run(_ operation: (_ askedAt: Instant) async -> End) async {
        while case let waiters = takeAll(), let first = waiters.first {
            let end = await operation(first.askedAt)
            for waiter in waiters { waiter.receive(end.outcome) }
            guard let early = end.early else { continue }
            for waiter in takeThose(askingBefore: early.askedBefore) { waiter.receive(early.outcome) }
        }
    }

    /// Those who share the run that begins now. When there are none, running is over.
    private func takeAll() -> [Waiter] {
        state.withLock { state in
            let waiting = state.waiting
            state.waiting = []
            state.isRunning = !waiting.isEmpty
            return waiting
        }
    }

    private func takeThose(askingBefore end: Instant) -> [Waiter] {
        state.withLock { state in
            let taken = state.waiting.prefix { $0.askedAt < end }
            state.waiting.removeFirst(taken.count)
            return Array(taken)
        }
    }
}
