package import BlockingWork
package import Broadcasts
package import Logging
package import Randomness
package import Time

/// A store in an SQLite file, or in memory for trying the service out.
///
/// One thread writes. For a file, a second thread reads, on a connection of its own: in WAL mode a read does
/// not wait for a write that syncs to disk. A database in memory has one thread for both.
package struct SQLiteStore: BroadcastStore {
    private let writer: StorePool<SQLiteThreadState>
    private let reader: StorePool<SQLiteThreadState>?
    private let observer: (any StoreObserver)?
    private let clock: Clock
    private let random: RandomSource
    private let logger: Logger
    private let upkeep = HistoryUpkeep()
    private let presence: FilePresence
    private let nonconformingRows = NonconformingRows()

    /// How long opening waits for a lock of another process.
    private static let openLimit = Duration.seconds(5)
    private static let trimLimit = Duration.seconds(10)
    /// Maximum number of calls that wait for a thread. Bounds the memory if the disk hangs.
    private static let maximumQueue = 4_096

    private static let limits = PoolLimits(
        maximumThreads: 1, maximumQueue: maximumQueue, idleLimit: nil, replacesLateThreads: false)

    /// The maximum number of descriptors that a store has open: the database, its WAL and its shared-memory
    /// file for the writer and the reader, and those of their two pools.
    package static let descriptors = 2 * (3 + StorePool<SQLiteThreadState>.descriptors(limits))

    /// Opens the database at `path` and applies missing migrations. `:memory:` is a database that ends with
    /// the store. Makes the additions that the settings need.
    ///
    /// Throws `failed` with one line for the operator, for example if the directory does not exist, or the
    /// file is read-only, not a database, locked, or has a newer schema. Throws `unavailable` if the system
    /// has no thread or descriptor left.
    package init(
        path: String, additions: SchemaAdditions, observer: (any StoreObserver)? = nil, clock: Clock,
        random: RandomSource, logger: Logger
    ) throws(StoreError) {
        // Open it here once, so that errors are reported before the service listens. The threads open
        // connections of their own and never create the file.
        do {
            _ = try SQLiteSession.open(
                path: path, at: .start(additions), deadline: clock.now + Self.openLimit,
                clock: clock)
        } catch {
            throw .failed(error.explained(path: path))
        }
        self.observer = observer
        self.clock = clock
        self.random = random
        self.logger = logger
        let presence = FilePresence(path: path, logger: logger)
        self.presence = presence
        writer = try StorePool(limits: Self.limits, clock: clock) { _ in
            SQLiteThreadState(
                path: path, additions: additions, clock: clock, presence: presence)
        }
        guard path != ":memory:" else {
            reader = nil
            return
        }
        do throws(StoreError) {
            reader = try StorePool(limits: Self.limits, clock: clock) { _ in
                SQLiteThreadState(
                    path: path, additions: additions, clock: clock, presence: presence)
            }
        } catch {
            writer.close()
            throw error
        }
        let pools = [writer, reader].compactMap(\.self)
        presence.onLoss {
            for pool in pools {
                pool.submit(.check, until: clock.now + Self.openLimit) { state, _ in
                    state.closeIfLost()
                } receive: { (_: Result<Void, StoreError>) in
                }
            }
        }
    }

    /// The current number of threads in each phase, and of waiting calls.
    package var sessionCounts: PoolCounts {
        guard let reader else { return writer.counts }
        return reader.counts + writer.counts
    }

    package func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
    ) {
        read(
            round: 1, began: nil, deadline: deadline, make: make,
            receive: StoreOperation.read.reporting(to: observer, clock, receive))
    }

    /// How often a read lets the writer record announcements and reads again.
    private static let maximumRounds = 3

    /// Reads the table. If the time of held versions has come, the writer records that, and the read begins
    /// again.
    private func read(
        round: Int, began: Int?, deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
    ) {
        run(.read, on: reader ?? writer, deadline) { [self] result in
            switch result {
            case .success(.board(let board, let next)):
                receive(.success(StoreRead(board: board, takesWrites: true, nextAnnouncement: next)))
            case .success(.due(let began)):
                guard round < Self.maximumRounds else {
                    return receive(.failure(.failed("announcements could not be recorded")))
                }
                submit(.fold, deadline) { result in
                    switch result {
                    case .success:
                        read(
                            round: round + 1, began: began, deadline: deadline, make: make,
                            receive: receive)
                    case .failure(let error): receive(.failure(error))
                    }
                } body: { session throws(SQLiteError) in
                    try session.fold(deadline: deadline)
                }
            case .failure(let error): receive(.failure(error))
            }
        } body: { [nonconformingRows, logger] session throws(SQLiteError) in
            try session.readBoard(deadline: deadline, began: began) { rows in
                for warning in nonconformingRows.warnings(about: rows) { logger.warning("\(warning)") }
                return make(rows)
            }
        }
    }

    package func findHoldBack(deadline: Instant, receive: @escaping @Sendable (Bool) -> Void) {
        guard let reader else { return findHoldBack(on: writer, deadline, receive) }
        findHoldBack(on: writer, deadline) { isFound in
            guard isFound else { return receive(false) }
            findHoldBack(on: reader, deadline, receive)
        }
    }

    private func findHoldBack(
        on pool: StorePool<SQLiteThreadState>, _ deadline: Instant,
        _ receive: @escaping @Sendable (Bool) -> Void
    ) {
        run(.check, on: pool, deadline) { result in
            receive((try? result.get()) ?? false)
        } body: { session throws(SQLiteError) in
            try session.findHoldBack(deadline: deadline)
        }
    }

    package func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        try await withCheckedContinuation { continuation in
            submit(change.operation, deadline) { result in
                continuation.resume(returning: result.map(\.outcome))
                if case .success(let applied) = result { keepUp(after: change, applied) }
            } body: { session throws(SQLiteError) in
                try session.apply(change, deadline: deadline)
            }
        }.get()
    }

    package func history(
        _ query: HistoryQuery, deadline: Instant
    ) async throws(StoreError) -> HistoryPage? {
        try await withCheckedContinuation { continuation in
            submit(.history, deadline) {
                continuation.resume(returning: $0)
            } body: { session throws(SQLiteError) in
                try session.history(query, deadline: deadline)
            }
        }.get()
    }

    /// Logs that the history cannot be written, or removes old entries if that is due.
    private func keepUp(after change: Change, _ applied: AppliedChange) {
        if applied.historyError != nil { observer?.historyWasNotWritten() }
        let (warning, work) = upkeep.note(applied, at: clock.now, fraction: random.fraction())
        if let warning { logger.warning("\(warning)") }
        guard work.isNeeded else { return }
        let deadline = clock.now + Self.trimLimit
        submit(.trim, deadline) { [logger] result in
            if case .failure(let error) = result { logger.warning("Cannot trim the history: \(error)") }
        } body: { session throws(SQLiteError) in
            try session.trim(change, work, deadline: deadline)
        }
    }

    package func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
        submit(.check, deadline) { result in
            if case .failure(let error) = result { receive(error) } else { receive(nil) }
        } body: { session throws(SQLiteError) in
            try session.check(deadline: deadline)
        }
    }

    package func close() {
        // The closure holds the pools, whose states hold the presence.
        presence.onLoss {}
        reader?.close()
        writer.close()
    }

    /// Runs one operation: a write on the writer's thread, others on the reader's thread if there is one.
    private func submit<Value: Sendable>(
        _ operation: StoreOperation, _ deadline: Instant,
        receive: @escaping @Sendable (Result<Value, StoreError>) -> Void,
        body: @escaping @Sendable (inout SQLiteSession) throws(SQLiteError) -> Value
    ) {
        run(
            operation, on: operation.isWrite ? writer : reader ?? writer, deadline,
            receive: operation.reporting(to: observer, clock, receive), body: body)
    }

    private func run<Value: Sendable>(
        _ operation: StoreOperation, on pool: StorePool<SQLiteThreadState>, _ deadline: Instant,
        receive: @escaping @Sendable (Result<Value, StoreError>) -> Void,
        body: @escaping @Sendable (inout SQLiteSession) throws(SQLiteError) -> Value
    ) {
        pool.submit(operation, until: deadline) { state, _ in
            state.use(until: deadline, body)
        } receive: { result in
            receive(result.flatMap { $0 })
        }
    }
}
