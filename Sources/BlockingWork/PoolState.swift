package import Time

/// The state that a pool thread owns, such as a database session. It is made, used and ended on that thread.
///
/// A state that takes long to become usable reports that with `isOpen`. The pool then calls `open` separately
/// from any call: a caller's deadline neither bounds nor interrupts it, and calls run on the first thread
/// that is ready.
package protocol PoolState: ~Copyable, SendableMetatype {
    /// Whether a call can run. While this is false, the pool calls `open` before the next call.
    var isOpen: Bool { get }

    /// The instant at which an idle state stops being open; nil if it does not.
    var expiry: Instant? { get }

    /// Makes the state usable. If that fails, the next call runs anyway, so that it can report the error.
    mutating func open()

    /// Whether `open` failed only because there are too many such states.
    var isRefused: Bool { get }

    /// Called after a refusal if the pool goes on without this state, with its number of other threads.
    mutating func leaveOut(others: Int)

    /// Releases the resources. Called once, last.
    mutating func end()
}

extension PoolState where Self: ~Copyable {
    /// True: the state is open from the beginning.
    package var isOpen: Bool { true }
    /// Nil: the state does not expire.
    package var expiry: Instant? { nil }
    /// Does nothing.
    package mutating func open() {}
    /// False: the number of states is not limited.
    package var isRefused: Bool { false }
    /// Does nothing.
    package mutating func leaveOut(others: Int) {}
    /// Does nothing.
    package mutating func end() {}
}
