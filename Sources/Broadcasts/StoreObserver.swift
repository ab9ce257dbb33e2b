package import Time

/// What a store can be asked for; also the label of its metrics, so the set is fixed.
package enum StoreOperation: String, CaseIterable, Sendable {
    case read
    case put
    case check
}

/// Hears of every operation of a store as its caller saw it. Metrics are fed from here.
package protocol StoreObserver: Sendable {
    /// Called once an operation, on its caller's thread, with the time from the call to its answer. Must not
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
}
