package import BlockingWork
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
    let pool: StorePool<MySQLThreadState>
    private let sessions: SessionFactory
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
    /// A session unused for this long ends, unless it is the last one.
    private static let idleLimit = Duration.seconds(60)
    /// Giving up after less than this says nothing about the database.
    private static let minimumMeaningfulWait = Duration.milliseconds(100)

    private static func limits(poolSize: Int) -> PoolLimits {
        // The client library bounds a login; the pool's own limit is for what it does not, such as looking a
        // name up.
        PoolLimits(
            maximumThreads: poolSize, maximumQueue: maximumQueue, idleLimit: idleLimit, warmThreads: 1,
            openingLimit: .seconds(Int(MySQLLimits.opening.connect) + 5), replacesLateThreads: true)
    }

    /// The descriptors that a store has open at most: a socket and its duplicate for each thread, of which
    /// as many again may be left behind, for two probes and for a session that waits for the pool; the pool;
    /// and the watch's two events.
    package static func descriptors(poolSize: Int) -> Int {
        2 * (2 * poolSize + 3) + StorePool<MySQLThreadState>.descriptors(limits(poolSize: poolSize)) + 2
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
        let watch = try DatabaseWatch(clock: clock, random: random, logger: logger) { error in
            error.explained(address)
        }
        let sessions = SessionFactory(address: address, clock: clock, random: random) { watch.generation }
        let pool = try StorePool(limits: Self.limits(poolSize: poolSize), clock: clock) { interrupter in
            MySQLThreadState(sessions: sessions, interrupter: interrupter) { watch.heard() }
        }
        self.sessions = sessions
        self.pool = pool
        self.watch = watch
        do throws(StoreError) {
            try watch.start { limits, interrupter in
                Result { () throws(MySQLError) in
                    let prober = DatabaseProbe(address: address, migrates: migrate, logger: logger)
                    return try prober.run(sessions, limits, interrupter)
                }
            } worked: { wasDown in
                // Sessions of before the outage are dead, and a login that began then may never be answered.
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

    /// Brings the schema up to date, for `megaphone migrate`. Blocks the thread; throws `failed` with one
    /// line when the database cannot be reached, refuses, or is newer than this program knows.
    package static func migrate(
        _ address: MySQLAddress, clock: Clock, random: RandomSource, logger: Logger
    ) throws(StoreError) {
        let sessions = SessionFactory(address: address, clock: clock, random: random) { 0 }
        do {
            _ = try DatabaseProbe(address: address, migrates: true, logger: logger)
                .run(sessions, .migrating, Interrupter())
        } catch {
            throw .failed(error.explained(address))
        }
    }

    /// What the sessions do at this moment.
    package var sessionCounts: PoolCounts {
        var counts = pool.counts
        if sessions.hasSpare { counts.idle += 1 }
        return counts
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
            submit(.put, until: deadline, isRepeatable: change.isRepeatable) {
                continuation.resume(returning: $0)
            } body: { session throws(MySQLError) in
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
        pool.close()
        sessions.dropSpare()
    }

    /// Runs one operation on a session, unless the database is known to be down, and tells the watch how it
    /// went.
    private func submit<Value: Sendable>(
        _ operation: StoreOperation, until deadline: Instant, isRepeatable: Bool = true,
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
        pool.submit(operation, until: deadline) { state, attempts in
            state.use(
                until: deadline, generation: generation, attempts: attempts, isRepeatable: isRepeatable,
                body)
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
    /// Takes an error of a call for evidence, and returns it explained.
    fileprivate func note(_ error: MySQLError, _ generation: Int, _ address: MySQLAddress) -> String {
        let reason = error.explained(address)
        if error.isDatabaseTrouble {
            failed(generation, reason)
        } else {
            succeeded(generation)
        }
        if error.isReadOnly { distrustSessions(of: generation) }
        return reason
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
