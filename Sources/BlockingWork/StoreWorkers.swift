package import Broadcasts
package import Time

/// A store's worker threads: the pool, with its errors told in the store's words.
package struct StoreWorkers<State: ~Copyable>: Sendable {
    private let pool: WorkerPool<State>

    /// Throws `unavailable` when the system gives no thread or descriptor.
    package init(
        limits: WorkerLimits, makeState: @escaping @Sendable (Interrupter) -> State
    ) throws(StoreError) {
        do {
            pool = try WorkerPool(limits: limits, makeState: makeState)
        } catch {
            throw StoreError(error)
        }
    }

    /// Does one operation on a worker's thread; see `WorkerPool.run`.
    ///
    /// Reads and checks go before the PUTs that wait: there is one of each at a time, and crowds wait for
    /// them.
    package func perform<Value: Sendable>(
        _ operation: StoreOperation, until deadline: Instant,
        _ work: @escaping @Sendable (inout State) -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.run(until: deadline, isUrgent: operation != .put, work)
        } catch {
            throw StoreError(error)
        }
    }

    /// See `WorkerPool.close`.
    package func close() {
        pool.close()
    }

    /// See `WorkerPool.threadCount`.
    package var threadCount: Int { pool.threadCount }
}

extension StoreError {
    /// What a failed call means to a store's caller.
    package init(_ error: WorkError) {
        self =
            switch error {
            case .deadlineExceeded: .deadlineExceeded
            case .queueFull: .unavailable("too many calls are waiting for the database")
            case .closed: .unavailable("the store is closed")
            case .systemLimit(let number): .unavailable("no thread or descriptor left (errno \(number))")
            }
    }
}
