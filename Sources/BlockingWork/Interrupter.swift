import Synchronization

/// Unblocks a thread that is stuck inside a client library, for example by shutting down its socket.
///
/// The thread's state registers the action once it holds something that can be shut down, and clears it
/// before releasing that. The action runs under a lock: after `clear()` has returned, the action is not
/// running and will not run.
package final class Interrupter: Sendable {
    private struct State {
        var action: (@Sendable () -> Void)?
        var isInterrupted = false
        /// The current or last call; nil while the state is being opened.
        var call: (any AnyPendingCall)?

        mutating func interrupt() {
            isInterrupted = true
            action?()
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the current call or opening has been interrupted.
    package var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Sets the action, and runs it at once if the current call has already been interrupted. It must not
    /// block.
    package func register(_ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.action = action
            if state.isInterrupted { action() }
        }
    }

    /// Removes the action. Waits for an action that is running.
    package func clear() {
        state.withLock { $0.action = nil }
    }

    /// Interrupts the current call or opening.
    package func interrupt() {
        state.withLock { $0.interrupt() }
    }

    /// Interrupts this call, or with nil the opening. Does nothing if the thread has already begun another
    /// one.
    func interrupt(_ call: (any AnyPendingCall)?) {
        state.withLock { state in
            if state.call === call { state.interrupt() }
        }
    }

    /// Records that a call begins, or with nil the opening of the state, and resets `isInterrupted`.
    func begin(_ call: (any AnyPendingCall)?) {
        state.withLock { state in
            state.isInterrupted = false
            state.call = call
        }
    }
}
