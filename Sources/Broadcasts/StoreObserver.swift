package import Time

/// The operations of a store. The raw values are labels of its metrics, so the set is fixed.
package enum StoreOperation: String, CaseIterable, Sendable {
    case read
    case put
    case delete
    case check
    case history
    /// Removes old history entries.
    case trim
    /// Records announcements whose time has come. On MySQL a part of the read.
    case fold

    /// Whether the operation writes.
    package var isWrite: Bool {
        switch self {
        case .put, .delete, .trim, .fold: true
        case .read, .check, .history: false
        }
    }
}

/// Receives the duration and the result of every operation of a store, for metrics.
package protocol StoreObserver: Sendable {
    /// Called once per operation, on any thread, with the time from the call to its result. Must not block.
    func storeDidFinish(_ operation: StoreOperation, in duration: Duration, succeeded: Bool)

    /// Called for each change that was applied without an entry in the history. Must not block.
    func historyWasNotWritten()
}

extension Change {
    /// The operation that applies the change.
    package var operation: StoreOperation { version == nil ? .delete : .put }
}

extension StoreOperation {
    /// Returns a receiver that reports how an operation which begins now has ended, then passes the result
    /// on.
    package func reporting<Value: Sendable>(
        to observer: (any StoreObserver)?, _ clock: Clock,
        _ receive: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) -> @Sendable (Result<Value, StoreError>) -> Void {
        let began = clock.now
        return { result in
            let succeeded = if case .success = result { true } else { false }
            observer?.storeDidFinish(self, in: began.duration(to: clock.now), succeeded: succeeded)
            receive(result)
        }
    }
}
