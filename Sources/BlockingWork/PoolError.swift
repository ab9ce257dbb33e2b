import Threads

/// Why a piece of work gave its caller no value.
package enum PoolError: Error, Hashable, Sendable {
    /// The deadline passed. The work may have run, may be running, or will never begin.
    case deadlineExceeded
    /// Every thread is busy and the queue is full; the work will never run.
    case queueFull
    /// The pool is closed. As with the deadline, nothing is known of the work.
    case closed
    /// The system gave no thread or descriptor, with its error number; the work will never run.
    case systemLimit(Int32)
}

/// A wakeEvent, or `systemLimit` when the process has no descriptor left.
func makeWakeEvent() throws(PoolError) -> WakeEvent {
    do {
        return try WakeEvent()
    } catch {
        throw .systemLimit(error.number)
    }
}
