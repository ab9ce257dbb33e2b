import BlockingWork
package import Broadcasts
package import Logging
package import Randomness
package import StoreAddress
import Synchronization
package import Time

/// Broadcasts in a MySQL or MariaDB database, which any number of nodes may share.
///
/// A pool of threads, each with one session, does the work; one more thread watches the database while it is
/// down.
package struct MySQLStore: BroadcastStore {
    let workers: StorePool<MySQLThreadState>
    private let watch: DatabaseWatch
    private let address: MySQLAddress
    private let observer: (any StoreObserver)?
    private let clock: Clock
    private let logger: Logger
    private let nonconformingRows = NonconformingRows()
    private let lastBoard = LastBoard()

    /// How long the start waits for the database: long enough for a first connection, too short to matter
    /// when it is down.
    private static let startLimit = Duration.seconds(2)
    /// Calls that wait for a session at most.
    private static let maximumQueue = 4_096
    /// A session unused for this long ends.
    private static let idleLimit = Duration.seconds(60)
    /// Giving up after less than this says nothing about the database.
    private static let minimumMeaningfulWait = Duration.milliseconds(100)

    private static func limits(poolSize: Int) -> PoolLimits {
        PoolLimits(
            maximumThreads: poolSize, maximumQueue: maximumQueue, idleLimit: idleLimit,
            replacesLateThreads: true)
    }

    /// The descriptors that a store has open at most: a socket and its duplicate for each thread, of which
    /// as many again may be left behind, and for the watch; the pool; and the watch's two events.
    package static func descriptors(poolSize: Int) -> Int {
        2 * (2 * poolSize + 1) + StorePool<MySQLThreadState>.descriptors(limits(poolSize: poolSize)) + 2
    }

    /// Connects, and with `migrate` brings the schema up to date. A database that cannot be reached, or that
    /// refuses the login, is logged and looked for again and again; calls throw `unavailable` meanwhile.
    ///
    /// Throws `failed` when the schema is newer than this program knows, or older and not to be migrated;
    /// `unavailable` when the system gives no thread or descriptor. `poolSize` is the most sessions at a
    /// time, 1 or more.
    package init(
        address: MySQLAddress, poolSize: Int, migrate: Bool, observer: (any StoreObserver)? = nil,
        clock: Clock, random: RandomSource, logger: Logger
    ) throws(StoreError) {
        guard MySQLConnection.isLibraryReady else {
            throw .unavailable("the MySQL client library cannot be used")
        }
        self.address = address
        self.observer = observer
        self.clock = clock
        self.logger = logger
        let limits = Self.limits(poolSize: poolSize)
        workers = try StorePool(limits: limits, clock: clock) { interrupter in
            MySQLThreadState(address: address, interrupter: interrupter, clock: clock, random: random)
        }
        do throws(StoreError) {
            watch = try DatabaseWatch(clock: clock, random: random, logger: logger) { error in
                error.explained(address)
            } probe: { interrupter in
                Result { () throws(MySQLError) in
                    try Self.probe(at: address, limits: .probing, migrate: migrate, interrupter, logger)
                }
            }
        } catch {
            workers.close()
            throw error
        }
        let firstProbe = watch.firstProbe(waitingUntil: clock.now + Self.startLimit)
        if case .failure(let error) = firstProbe, error.stage == .schema {
            close()
            throw .failed(error.explained(address))
        }
    }

    /// Brings the schema up to date, for `megaphone migrate`. Blocks the thread; throws `failed` with one
    /// line when the database cannot be reached, refuses, or is newer than this program knows.
    package static func migrate(_ address: MySQLAddress, logger: Logger) throws(StoreError) {
        do {
            _ = try probe(at: address, limits: .migrating, migrate: true, Interrupter(), logger)
        } catch {
            throw .failed(error.explained(address))
        }
    }

    package func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<Board, StoreError>) -> Void
    ) {
        submit(.read, until: deadline, receive: receive) {
            [lastBoard, nonconformingRows, logger] session throws(MySQLError) in
            let last = lastBoard.value
            guard let rows = try session.readRows(unlike: last?.rows ?? []) else {
                return last ?? make([])
            }
            for warning in nonconformingRows.warnings(about: rows) { logger.warning("\(warning)") }
            let board = make(rows)
            lastBoard.value = board
            return board
        }
    }

    package func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        try await withCheckedContinuation { continuation in
            submit(.put, until: deadline) { continuation.resume(returning: $0) } body: {
                session throws(MySQLError) in
                try session.put(change)
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
        workers.close()
    }

    /// Runs one operation on a session, unless the database is known to be down, and tells the watch how it
    /// went.
    private func submit<Value: Sendable>(
        _ operation: StoreOperation, until deadline: Instant,
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
        workers.submit(operation, until: deadline) { worker in
            worker.use(until: deadline, generation: generation, body)
        } receive: { [watch, address] result in
            switch result {
            case .success(.success(let value)):
                watch.succeeded(generation)
                receive(.success(value))
            case .success(.failure(let error)):
                let reason = error.explained(address)
                if error.isDatabaseTrouble {
                    watch.failed(generation, reason)
                } else {
                    watch.succeeded(generation)
                }
                if error.isReadOnly { watch.distrustSessions(of: generation) }
                receive(.failure(.failed(reason)))
            case .failure(let error):
                if error == .deadlineExceeded, began.duration(to: deadline) >= Self.minimumMeaningfulWait {
                    watch.failed(
                        generation, "MySQL at \(address.place) did not answer within a caller's deadline")
                }
                receive(.failure(error))
            }
        }
    }

    /// One probe of the database, with whatever it needs done to its tables. Returns a line about the server.
    private static func probe(
        at address: MySQLAddress, limits: MySQLLimits, migrate: Bool, _ interrupter: Interrupter,
        _ logger: Logger
    ) throws(MySQLError) -> String {
        let session = try MySQLSession.open(address, limits: limits, interrupter: interrupter)
        switch try session.schemaState() {
        case .current:
            break
        case .behind(let version):
            guard migrate else { throw schemaError("has version \(version); run megaphone migrate") }
            try bringUpToDate(address, interrupter, logger)
        case .ahead(let version):
            throw schemaError("has version \(version), newer than the \(MySQLSchema.knownVersion) known here")
        }
        try session.probe()
        return session.summary
    }

    private static func bringUpToDate(
        _ address: MySQLAddress, _ interrupter: Interrupter, _ logger: Logger
    ) throws(MySQLError) {
        do {
            try MySQLSession.open(address, limits: .migrating, interrupter: interrupter)
                .migrate(logger: logger)
        } catch {
            guard error.isDenied, error.stage == .statement else { throw error }
            throw MySQLError(
                code: error.code,
                message: "\(error.message); run megaphone migrate as a user who may change tables",
                stage: error.stage)
        }
    }

    private static func schemaError(_ text: String) -> MySQLError {
        MySQLError(code: .none, message: "its schema \(text)", stage: .schema)
    }
}

/// The board of the last read, by whichever session.
private final class LastBoard: Sendable {
    private let board = Mutex<Board?>(nil)

    var value: Board? {
        get { board.withLock { $0 } }
        set { board.withLock { $0 = newValue } }
    }
}
