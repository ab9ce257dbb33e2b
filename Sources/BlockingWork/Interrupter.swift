import Synchronization

/// How another thread frees a worker that is stuck inside a client library, for example by shutting its
/// socket down.
///
/// The worker's state registers the action once it holds something that can be shut down and clears it before
/// it lets go. The action runs under a lock: once `clear()` has returned, it neither runs nor will run.
package final class Interrupter: Sendable {
    private struct State {
        var action: (@Sendable () -> Void)?
        var isInterrupted = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the call under way is to end: nobody waits for it any more.
    package var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Sets what frees the worker, and does it at once when the call under way is to end. It must not block.
    package func register(_ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.action = action
            if state.isInterrupted { action() }
        }
    }

    /// Forgets the action; returns only when none is running.
    package func clear() {
        state.withLock { $0.action = nil }
    }

    /// Ends the call under way.
    package func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            state.action?()
        }
    }

    /// Another call begins.
    func rearm() {
        state.withLock { $0.isInterrupted = false }
    }
}
