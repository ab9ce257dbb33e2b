import Synchronization

/// How another thread frees a worker that is stuck inside a client library, for example by shutting its
/// socket down.
///
/// The worker's state registers the action once it holds something that can be shut down and clears it before
/// it lets go. The action runs under a lock: once `clear()` has returned, it neither runs nor will run.
package final class Interrupter: Sendable {
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    package init() {}

    /// Sets what frees the worker. The action must not block.
    package func register(_ action: @escaping @Sendable () -> Void) {
        self.action.withLock { $0 = action }
    }

    /// Forgets the action; returns only when none is running.
    package func clear() {
        action.withLock { $0 = nil }
    }

    /// Does what was registered, if anything is.
    package func interrupt() {
        action.withLock { $0?() }
    }
}
