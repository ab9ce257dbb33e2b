package import Broadcasts

/// A store's worker threads: the pool, with errors told in the store's words and every operation reported.
package struct StoreWorkers<State: ~Copyable>: Sendable {
    private let pool: WorkerPool<State>
    private let observer: (any StoreObserver)?

    /// Throws `unavailable` when the system gives no thread or descriptor.
    package init(
        limits: WorkerLimits, observer: (any StoreObserver)?,
        makeState: @escaping @Sendable (Interrupter) -> State
    ) throws(StoreError) {
        do {
            pool = try WorkerPool(limits: limits, makeState: makeState)
        } catch {
            throw StoreError(error)
        }
        self.observer = observer
    }

    /// Does one operation on a worker's thread; see `WorkerPool.run`.
    package func perform<Value: Sendable>(
        _ operation: StoreOperation, until deadline: ContinuousClock.Instant,
        _ work: @escaping @Sendable (inout State) -> Result<Value, StoreError>
    ) async throws(StoreError) -> Value {
        let began = ContinuousClock.now
        let result: Result<Value, StoreError>
        do {
            result = try await pool.run(until: deadline, work)
        } catch {
            result = .failure(StoreError(error))
        }
        observer?.storeDidFinish(operation, in: began.duration(to: .now), succeeded: result.isSuccess)
        return try result.get()
    }

    /// See `WorkerPool.close`.
    package func close() {
        pool.close()
    }

    /// See `WorkerPool.threadCount`.
    package var threadCount: Int { pool.threadCount }
}

extension StoreError {
    fileprivate init(_ error: WorkError) {
        self =
            switch error {
            case .deadlineExceeded: .deadlineExceeded
            case .queueFull: .unavailable("too many calls are waiting for the database")
            case .closed: .unavailable("the store is closed")
            case .systemLimit(let number): .unavailable("no thread or descriptor left (errno \(number))")
            }
    }
}

extension Result {
    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}
