internal import Synchronization
package import Time

/// Asks the store whether it works, once for everyone who wants to know at that moment: health checks need
/// no token, and a crowd of them takes one connection of the store.
package final class StoreHealth: Sendable {
    private struct State {
        var isChecking = false
        var listeners: [any FeedListener] = []
        var checksEnded = 0
        var problem: StoreError?
    }

    private let store: any BroadcastStore
    private let clock: Clock
    private let state = Mutex(State())

    package init(store: any BroadcastStore, clock: Clock) {
        self.store = store
        self.clock = clock
    }

    /// Asks to be told when a check has ended, and begins one when none is under way. A check under way
    /// answers too: health need not be fresher than that, and another check could miss the caller's
    /// deadline.
    ///
    /// - Returns: The number of the check.
    package func subscribe(_ listener: any FeedListener, limit: Duration) -> Int {
        let (number, mustStart) = state.withLock { state in
            if !state.listeners.contains(where: { $0 === listener }) { state.listeners.append(listener) }
            defer { state.isChecking = true }
            return (state.checksEnded + 1, !state.isChecking)
        }
        if mustStart {
            store.check(deadline: clock.now + limit) { [self] problem in endCheck(problem) }
        }
        return number
    }

    /// The outcome of a check: what is wrong with the store, nil when it works. Nil as a whole while the
    /// check has not ended.
    package func outcome(ofCheck number: Int) -> StoreError?? {
        state.withLock { state in
            state.checksEnded >= number ? .some(state.problem) : nil
        }
    }

    private func endCheck(_ problem: StoreError?) {
        let listeners = state.withLock { state in
            state.checksEnded += 1
            state.problem = problem
            state.isChecking = false
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener.readEnded() }
    }
}
