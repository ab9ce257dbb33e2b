import Threads

/// Why a call returned no value.
package enum PoolError: Error, Hashable, Sendable {
    /// The deadline passed. The work may have run, may still be running, or will never begin.
    case deadlineExceeded
    /// Every thread is busy and the queue is full. The work will never run.
    case queueFull
    /// The pool is closed. The work may have run, may still be running, or will never begin.
    case closed
    /// The system has no thread or descriptor left; the value is `errno`. The work will never run.
    case systemLimit(Int32)
}

/// Returns a new event. Throws `systemLimit` if the process has no descriptor left.
func makeWakeEvent() throws(PoolError) -> WakeEvent {
    do {
        return try WakeEvent()
    } catch {
        throw .systemLimit(error.number)
    }
}
