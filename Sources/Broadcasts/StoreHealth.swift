internal import Synchronization
package import Time

/// Coalesces the health checks of the store: a heartbeat needs no token, and any number of them uses one
/// connection of the store.
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

    /// Registers a listener for the end of a check, and starts one if none is in progress. A check in
    /// progress counts: health need not be fresher, and another check could miss the caller's deadline.
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

    /// Returns the outcome of a check: the store's error, or nil inside the optional if the store works. Nil
    /// while the check is in progress.
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
