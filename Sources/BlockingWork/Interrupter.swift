import Synchronization

/// How another thread frees a thread that is stuck inside a client library, for example by shutting its
/// socket down.
///
/// The thread's state registers the action once it holds something that can be shut down and clears it before
/// it lets go. The action runs under a lock: once `clear()` has returned, it neither runs nor will run.
package final class Interrupter: Sendable {
    private struct State {
        var action: (@Sendable () -> Void)?
        var isInterrupted = false
        /// The call under way, or the last one; nil while the state is opened.
        var call: (any AnyPendingCall)?

        mutating func interrupt() {
            isInterrupted = true
            action?()
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the call under way is to end: nobody waits for it any more.
    package var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Sets what frees the thread, and does it at once when the call under way is to end. It must not block.
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

    /// Ends the call under way, whichever it is.
    package func interrupt() {
        state.withLock { $0.interrupt() }
    }

    /// Ends this call. It may have ended by itself meanwhile, and then the next one must not suffer for it.
    func interrupt(_ call: (any AnyPendingCall)?) {
        state.withLock { state in
            if state.call === call { state.interrupt() }
        }
    }

    /// Another call begins, or with nil the opening of the state.
    func begin(_ call: (any AnyPendingCall)?) {
        state.withLock { state in
            state.isInterrupted = false
            state.call = call
        }
    }
}
