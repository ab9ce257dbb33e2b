import BlockingWork
import Broadcasts
import Logging
import Randomness
import StoreAddress
import Synchronization
import Time

/// Probes the database. Until the first success it migrates the schema if needed and allowed.
///
/// Later it never does: a database that has served and has no tables any more is an outage. New tables would
/// be an empty board, served as fresh, and would be in the way of a restore.
final class DatabaseProbe: Sendable {
    private let address: MySQLAddress
    private let migrates: Bool
    private let additions: SchemaAdditions
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var hasSucceeded = false
        var isMigrating = false
        /// When the first attempt to migrate waited for a lock in vain.
        var blockedSince: Instant?
        /// The error of the last such attempt, and when the next one is due.
        var pause: (error: MySQLError, end: Instant)?
    }

    /// Between attempts that wait for a lock in vain; up to half is subtracted at random. While an attempt
    /// waits, statements of other nodes on the table wait behind it: one second of each twenty or so.
    static let pauseForLocks = Duration.seconds(30)

    init(address: MySQLAddress, migrates: Bool, additions: SchemaAdditions, logger: Logger) {
        self.additions = additions
        self.address = address
        self.migrates = migrates
        self.logger = logger
    }

    /// Opens a session and checks the schema. A session with the limits of the pool's sessions becomes the
    /// spare session. Returns a summary of the server for the log.
    func run(
        _ sessions: SessionFactory, _ limits: MySQLLimits, _ interrupter: Interrupter
    ) throws(MySQLError) -> String {
        var session = try sessions.open(limits, interrupter)
        let schema = try session.schemaState()
        let lacksColumns =
            additions.holdBack && !session.holdsBack && !state.withLock({ $0.hasSucceeded })
        switch schema {
        case .current where !lacksColumns:
            break
        case .current, .behind:
            try requireMayMigrate(from: schema)
            // Close this session first: an interrupter can shut down only one.
            _ = consume session
            try begin(at: sessions.clock.now)
            defer { state.withLock { $0.isMigrating = false } }
            try bringUpToDate(sessions, interrupter)
            session = try sessions.open(limits, interrupter)
            guard try session.schemaState() == .current else { throw error("was changed by another program") }
        case .ahead(let version):
            throw error("has version \(version), newer than the \(MySQLSchema.knownVersion) known here")
        }
        if migrates, additions.history, !state.withLock({ $0.hasSucceeded }) {
            try createHistory(session, limits)
        }
        let summary = session.summary
        if limits == .opening { sessions.keep(session) }
        state.withLock { $0.hasSucceeded = true }
        return summary
    }

    /// Creates the table of changes. The service works without it, so only `migrate` reports a failure as an
    /// error.
    private func createHistory(
        _ session: borrowing MySQLSession, _ limits: MySQLLimits
    ) throws(MySQLError) {
        do {
            try HistoryTable.create(session.connection)
        } catch {
            guard limits != .migrating, !error.endsSession else { throw error }
            logger.warning(
                """
                Changes are not recorded, because the table megaphone_history cannot be created: \
                \(error.message); run megaphone migrate as a user with the CREATE privilege
                """)
        }
    }

    private func requireMayMigrate(from schema: MySQLSchema.State) throws(MySQLError) {
        guard case .behind(let version) = schema else {
            guard !migrates else { return }
            throw error("lacks the columns of hold_back; run megaphone migrate")
        }
        guard !state.withLock({ $0.hasSucceeded }) else {
            throw error(
                """
                has version \(version) now: tables are missing or old, and a running service does not make \
                them; restore a backup, or run megaphone migrate
                """)
        }
        guard migrates else { throw error("has version \(version); run megaphone migrate") }
    }

    /// When the next attempt to migrate is due; nil if the last one did not wait for a lock in vain.
    var nextAttempt: Instant? { state.withLock { $0.pause?.end } }

    /// Throws the last error again during a pause, and if another probe of this node is migrating.
    private func begin(at now: Instant) throws(MySQLError) {
        let problem = state.withLock { state -> MySQLError? in
            if let pause = state.pause, now < pause.end { return pause.error }
            if state.isMigrating { return error("is being migrated") }
            state.isMigrating = true
            return nil
        }
        if let problem { throw problem }
    }

    private func bringUpToDate(
        _ sessions: SessionFactory, _ interrupter: Interrupter
    ) throws(MySQLError) {
        let session = try sessions.open(.migrating, interrupter)
        do {
            try MySQLSchema.migrate(session.connection, logger: logger)
            if additions.holdBack, try !HoldBackColumns.exist(session.connection) {
                logger.notice("Adding the columns of hold_back")
                try HoldBackColumns.add(session.connection)
            }
        } catch  where error.code == .ER_LOCK_WAIT_TIMEOUT {
            throw blocked(error, by: MySQLSchema.lockHolder(session.connection), sessions)
        } catch {
            guard error.isDenied, error.stage == .statement else { throw error }
            throw MySQLError(
                code: error.code,
                message: "\(error.message); run megaphone migrate as a user with CREATE and ALTER privileges",
                stage: error.stage)
        }
    }

    /// Begins a pause. Returns the error to report during it.
    private func blocked(
        _ error: MySQLError, by holder: String?, _ sessions: SessionFactory
    ) -> MySQLError {
        let now = sessions.clock.now
        let pause = Self.pauseForLocks * (1 - sessions.random.fraction() / 2)
        return state.withLock { state in
            let since = state.blockedSince ?? now
            state.blockedSince = since
            let waited = since.duration(to: now).components.seconds
            let error = MySQLError(
                code: error.code,
                message: """
                    cannot migrate table broadcastsv1 of database \(address.database), which is locked by \
                    \(holder ?? "another session"); tried for \(waited) s, \
                    next attempt in \(pause.components.seconds) s: \(error.message)
                    """, stage: error.stage)
            state.pause = (error, now + pause)
            return error
        }
    }

    private func error(_ text: String) -> MySQLError {
        MySQLError(code: .none, message: "its schema \(text)", stage: .schema)
    }
}
