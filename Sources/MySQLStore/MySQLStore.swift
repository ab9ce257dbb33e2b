package import BlockingWork
package import Broadcasts
package import Logging
package import Randomness
package import StoreAddress
import Synchronization
import Threads
package import Time

/// A store in a MySQL or MariaDB database, which any number of nodes may share.
///
/// Calls run on a pool of threads, each with one session. A `DatabaseWatch` probes the database while it is
/// down.
package struct MySQLStore: BroadcastStore {
    let pool: StorePool<MySQLThreadState>
    private let sessions: SessionFactory
    private let watch: DatabaseWatch
    private let address: MySQLAddress
    let observer: (any StoreObserver)?
    let clock: Clock
    let logger: Logger
    private let nonconformingRows = NonconformingRows()
    private let lastBoard = LastBoard()
    let upkeep = HistoryUpkeep()
    let random: RandomSource

    /// How long the start waits for the first probe: long enough for a first connection, too short to matter
    /// if the database is down.
    private static let startLimit = Duration.seconds(2)
    /// Maximum number of calls that wait for a session.
    private static let maximumQueue = 4_096
    /// How long `migrate` tries again while the table is locked.
    private static let migrationLimit = Duration.seconds(600)
    /// A session that is unused for this long is closed, unless it is the last one.
    private static let idleLimit = Duration.seconds(60)
    /// A call that times out with a shorter deadline is no evidence of an outage.
    private static let minimumMeaningfulWait = Duration.milliseconds(100)

    private static func limits(poolSize: Int) -> PoolLimits {
        // The client library bounds a login. The opening limit covers what the library does not bound, such
        // as name resolution.
        PoolLimits(
            maximumThreads: poolSize, maximumQueue: maximumQueue, idleLimit: idleLimit, warmThreads: 1,
            reservedThreads: 1,
            openingLimit: .seconds(Int(MySQLLimits.opening.connect) + 5), replacesLateThreads: true)
    }

    /// Returns the maximum number of descriptors that a store has open: a socket and its duplicate for each
    /// thread, including those left behind, for two probes and for the spare session; those of the pool; and
    /// the two events of the watch.
    package static func descriptors(poolSize: Int) -> Int {
        2 * (2 * poolSize + 3) + StorePool<MySQLThreadState>.descriptors(limits(poolSize: poolSize)) + 2
    }

    /// Connects, and with `migrate` migrates the schema before its first use, and makes the additions that
    /// the settings need. If the database cannot be reached or refuses the login, that is logged, the watch
    /// keeps probing, and calls throw `unavailable`. `poolSize`: maximum number of sessions, at least 1.
    ///
    /// Throws `failed` if the first probe ends within two seconds with a schema error: the schema is newer
    /// than this program knows, or older without `migrate`, or its migration failed. Throws `unavailable` if
    /// the client library cannot be initialised, or if the system has no thread or descriptor left.
    package init(
        address: MySQLAddress, poolSize: Int, migrate: Bool, additions: SchemaAdditions,
        observer: (any StoreObserver)? = nil, clock: Clock, random: RandomSource, logger: Logger,
        time: DatabaseTime = DatabaseTime()
    ) throws(StoreError) {
        guard MySQLConnection.isLibraryReady else {
            throw .unavailable("the MySQL client library cannot be used")
        }
        self.address = address
        self.observer = observer
        self.clock = clock
        self.random = random
        self.logger = logger
        let watch = try DatabaseWatch(clock: clock, random: random, logger: logger) { error in
            error.explained(address)
        }
        let sessions = SessionFactory(
            address: address, clock: clock, random: random, left: LeftSessions(limit: poolSize),
            time: time
        ) { watch.generation }
        let pool = try StorePool(limits: Self.limits(poolSize: poolSize), clock: clock) { interrupter in
            MySQLThreadState(sessions: sessions, interrupter: interrupter) { error, count in
                watch.sessionsAreLimited(error.explained(address), sessions: count, poolSize: poolSize)
            } opened: {
                watch.heard()
            }
        }
        self.sessions = sessions
        self.pool = pool
        self.watch = watch
        let prober = DatabaseProbe(
            address: address, migrates: migrate, additions: additions, logger: logger)
        do throws(StoreError) {
            try watch.start { limits, interrupter in
                let probe = Result { () throws(MySQLError) in
                    try prober.run(sessions, limits, interrupter)
                }
                // The idle sessions of this node may be those that are too many. Calls fail meanwhile.
                if case .failure(let error) = probe, error.isSessionLimit, watch.isDown { pool.renew() }
                return probe
            } worked: { wasDown in
                // Sessions opened before the outage are dead, and a login begun during it may never be
                // answered.
                if wasDown { pool.renew() }
                if !pool.warmUp() { sessions.dropSpare() }
            }
        } catch {
            pool.close()
            throw error
        }
        let firstProbe = watch.firstProbe(waitingUntil: clock.now + Self.startLimit)
        if case .failure(let error) = firstProbe, error.stage == .schema {
            close()
            throw .failed(error.explained(address))
        }
        if firstProbe == nil { watch.startIsLate("MySQL at \(address.place) has not answered yet") }
    }

    /// Migrates the schema, for `megaphone migrate`. Blocks the calling thread, for up to ten minutes while
    /// other sessions hold locks of the table. Throws `failed` with one line
    /// for the operator if the database cannot be reached, returns an error, or has a newer schema than this
    /// program knows.
    package static func migrate(
        _ address: MySQLAddress, additions: SchemaAdditions, clock: Clock, random: RandomSource,
        logger: Logger
    ) throws(StoreError) {
        let sessions = SessionFactory(address: address, clock: clock, random: random) { 0 }
        let prober = DatabaseProbe(
            address: address, migrates: true, additions: additions, logger: logger)
        let end = clock.now + migrationLimit
        while true {
            do {
                _ = try prober.run(sessions, .migrating, Interrupter())
                return
            } catch {
                guard let next = prober.nextAttempt, clock.now < next, next < end else {
                    throw .failed(error.explained(address))
                }
                logger.warning("\(error.explained(address))")
                Thread.pause(clock.time(until: next))
            }
        }
    }

    /// The current number of sessions in each state, and of waiting calls.
    package var sessionCounts: PoolCounts {
        var counts = pool.counts
        if sessions.hasSpare { counts.idle += 1 }
        return counts
    }

    package func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
    ) {
        submit(.read, until: deadline, takesWrites: { $0.takesWrites }, receive: receive) {
            [lastBoard, nonconformingRows, logger] session throws(MySQLError) in
            let last = lastBoard.value
            let table = try session.readTable(
                unlike: last?.rows ?? [], wasHolding: last.map { $0.heldCount > 0 } ?? false)
            guard let rows = table.rows else {
                return StoreRead(board: last ?? make([]), takesWrites: table.takesWrites)
            }
            for warning in nonconformingRows.warnings(about: rows) { logger.warning("\(warning)") }
            let board = make(rows)
            lastBoard.value = board
            return StoreRead(
                board: board, takesWrites: table.takesWrites, nextAnnouncement: table.nextAnnouncement)
        }
    }

    package func findHoldBack(deadline: Instant, receive: @escaping @Sendable (Bool) -> Void) {
        submit(.check, until: deadline) { [pool] (result: Result<Bool, StoreError>) in
            // Sessions that were opened without the columns must look again.
            if case .success(true) = result { pool.renew() }
            receive((try? result.get()) ?? false)
        } body: { session throws(MySQLError) in
            try HoldBackColumns.exist(session.connection)
        }
    }

    package func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        let lost = LostCommit()
        return try await withCheckedContinuation { continuation in
            submit(change.operation, until: deadline, isRepeatable: change.isRepeatable) { result in
                continuation.resume(returning: result.map(\.outcome))
                if case .success(let applied) = result { keepUp(after: change, applied) }
            } body: { [upkeep, clock] session throws(MySQLError) in
                try session.apply(change, lost, upkeep, at: clock.now)
            }
        }.get()
    }

    package func history(
        _ query: HistoryQuery, deadline: Instant
    ) async throws(StoreError) -> HistoryPage? {
        try await withCheckedContinuation { continuation in
            submit(.history, until: deadline) {
                continuation.resume(returning: $0)
            } body: { session throws(MySQLError) in
                try session.history(query)
            }
        }.get()
    }

    package func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
        submit(.check, until: deadline) { result in
            if case .failure(let error) = result { receive(error) } else { receive(nil) }
        } body: { session throws(MySQLError) in
            try session.check()
        }
    }

    package func close() {
        watch.close()
        pool.close()
        sessions.dropSpare()
    }

    /// Runs one operation on a session, unless the circuit is open, and reports its outcome to the watch.
    /// `takesWrites` tells whether the value is one of a server that takes writes.
    func submit<Value: Sendable>(
        _ operation: StoreOperation, until deadline: Instant, isRepeatable: Bool = true,
        takesWrites: @escaping @Sendable (Value) -> Bool = { _ in true },
        receive: @escaping @Sendable (Result<Value, StoreError>) -> Void,
        body: @escaping @Sendable (inout MySQLSession) throws(MySQLError) -> Value
    ) {
        let receive = operation.reporting(to: observer, clock, receive)
        let generation: Int
        do {
            generation = try watch.admit()
        } catch {
            return receive(.failure(error))
        }
        let began = clock.now
        pool.submit(operation, until: deadline) { [watch, address] state, attempts in
            state.use(
                until: deadline, generation: generation, attempts: attempts, isRepeatable: isRepeatable,
                leaves: { watch.leaves(operation, $0.map(takesWrites), $1, address) }, body)
        } receive: { [watch, address] result in
            switch result {
            case .success(.success(let value)):
                watch.succeeded(generation)
                receive(.success(value))
            case .success(.failure(let error)):
                receive(.failure(.failed(watch.note(error, generation, address))))
            case .failure(let error):
                if error == .deadlineExceeded, began.duration(to: deadline) >= Self.minimumMeaningfulWait {
                    watch.missed(
                        operation, generation, since: began,
                        "MySQL at \(address.place) did not answer within a caller's deadline")
                }
                receive(.failure(error))
            }
        }
    }
}

extension DatabaseWatch {
    /// Records the error of a call. Returns a line for the operator.
    fileprivate func note(_ error: MySQLError, _ generation: Int, _ address: MySQLAddress) -> String {
        let reason = error.explained(address)
        if error.isDatabaseTrouble {
            failed(generation, reason)
        } else {
            succeeded(generation)
        }
        return reason
    }

    /// Records whether the server of a session takes writes, as far as the result tells. Returns whether the
    /// session must be replaced.
    fileprivate func leaves(
        _ operation: StoreOperation, _ takesWrites: Result<Bool, MySQLError>, _ generation: Int,
        _ address: MySQLAddress
    ) -> Bool {
        switch takesWrites {
        case .success(true):
            tookWrites(operation, generation)
            return false
        case .success(false):
            let reason = "MySQL at \(address.place) takes no writes: read_only or innodb_read_only is on"
            return refusedWrites(operation, generation, reason)
        case .failure(let error):
            return error.isReadOnly && refusedWrites(operation, generation, error.explained(address))
        }
    }
}

/// The board of the last read on any session.
private final class LastBoard: Sendable {
    private let board = Mutex<Board?>(nil)

    var value: Board? {
        get { board.withLock { $0 } }
        set { board.withLock { $0 = newValue } }
    }
}
