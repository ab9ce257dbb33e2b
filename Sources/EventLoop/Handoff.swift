internal import Synchronization

/// Passes one value to the thread that will own it.
package final class Handoff<Value: ~Copyable>: Sendable {
    private let value: Mutex<Value?>

    package init(_ value: consuming sending Value) {
        self.value = Mutex(value)
    }

    /// Returns the value to the first caller, and nil to all others.
    package func take() -> sending Value? {
        value.withLock { value in
            let taken = value.take()
            return taken
        }
    }
}
