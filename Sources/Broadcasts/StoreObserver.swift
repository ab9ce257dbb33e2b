package import Time

/// What a store can be asked for; also the label of its metrics, so the set is fixed.
package enum StoreOperation: String, CaseIterable, Sendable {
    case read
    case put
    case check
}

/// Receives the end of every operation of a store, as its caller saw it, to feed the metrics.
package protocol StoreObserver: Sendable {
    /// Called once for each operation, on any thread, with the time from the call to its answer. Must not
    /// block.
    func storeDidFinish(_ operation: StoreOperation, in duration: Duration, succeeded: Bool)
}

extension StoreOperation {
    /// Runs one operation and reports how it ended.
    package func reported<Value: Sendable>(
        to observer: (any StoreObserver)?, _ clock: Clock, _ run: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let began = clock.now
        do {
            let value = try await run()
            observer?.storeDidFinish(self, in: began.duration(to: clock.now), succeeded: true)
            return value
        } catch {
            observer?.storeDidFinish(self, in: began.duration(to: clock.now), succeeded: false)
            throw error
        }
    }

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
