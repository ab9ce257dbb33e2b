package import Broadcasts
package import Time

/// A store's pool of threads. It reports errors as `StoreError`.
package struct StorePool<State: PoolState & ~Copyable>: Sendable {
    private let pool: BlockingPool<State>

    /// See `BlockingPool.descriptors`.
    package static func descriptors(_ limits: PoolLimits) -> Int { BlockingPool<State>.descriptors(limits) }

    /// Throws `unavailable` if the system has no thread or descriptor left.
    package init(
        limits: PoolLimits, clock: Clock, makeState: @escaping @Sendable (Interrupter) -> State
    ) throws(StoreError) {
        do {
            pool = try BlockingPool(name: "store", limits: limits, clock: clock, makeState: makeState)
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs one operation on a thread of the pool; see `BlockingPool.submit`.
    ///
    /// Reads and checks run before everything else that waits: callers share one read and one check at a
    /// time, so many requests wait for each. One thread is left free for reads: writes and checks may hang in
    /// a database that still answers reads.
    package func submit<Value: Sendable>(
        _ operation: StoreOperation, until deadline: Instant,
        _ work: @escaping @Sendable (inout State, _ attempts: Int) -> Value?,
        receive: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) {
        pool.submit(
            until: deadline, isUrgent: operation == .read || operation == .check,
            usesReserve: operation == .read, work
        ) { result in
            receive(result.mapError(StoreError.init))
        }
    }

    /// See `BlockingPool.warmUp`.
    @discardableResult
    package func warmUp() -> Bool { pool.warmUp() }

    /// See `BlockingPool.renew`.
    package func renew() { pool.renew() }

    /// See `BlockingPool.counts`.
    package var counts: PoolCounts { pool.counts }

    /// See `BlockingPool.close`.
    package func close() {
        pool.close()
    }

    /// See `BlockingPool.threadCount`.
    package var threadCount: Int { pool.threadCount }
}

extension StoreError {
    /// Converts an error of the pool.
    package init(_ error: PoolError) {
        self =
            switch error {
            case .deadlineExceeded: .deadlineExceeded
            case .queueFull: .unavailable("too many calls are waiting for the database")
            case .closed: .unavailable("the store is closed")
            case .systemLimit(let number): .unavailable("no thread or descriptor left (errno \(number))")
            }
    }
}
