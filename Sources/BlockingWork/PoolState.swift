package import Time

/// What a pool thread owns, such as a database session: made, used and ended on that thread alone.
///
/// A state that takes long to become usable says so with `isOpen`. The pool then calls `open` apart from any
/// call: a caller's deadline neither bounds nor interrupts it, and calls go to whichever thread is ready
/// first.
package protocol PoolState: ~Copyable, SendableMetatype {
    /// Whether a call can run. While it is false, the pool calls `open` before the next call.
    var isOpen: Bool { get }

    /// When an idle state stops being open.
    var expiry: Instant? { get }

    /// Makes the state usable. If that fails, the next call runs all the same, so that its caller learns the
    /// error.
    mutating func open()

    /// Called last.
    mutating func end()
}

extension PoolState where Self: ~Copyable {
    /// A state is open from the beginning.
    package var isOpen: Bool { true }
    /// It stays so.
    package var expiry: Instant? { nil }
    /// Does nothing.
    package mutating func open() {}
    /// Does nothing.
    package mutating func end() {}
}
