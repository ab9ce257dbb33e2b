import BlockingWork
import Logging
import StoreAddress
import Synchronization

/// Probes the database. Until the first success it migrates the schema if needed and allowed.
///
/// Later it never does: a database that has served and has no tables any more is an outage. New tables would
/// be an empty board, served as fresh, and would be in the way of a restore.
final class DatabaseProbe: Sendable {
    private let address: MySQLAddress
    private let migrates: Bool
    private let logger: Logger
    private let hasSucceeded = Atomic(false)

    init(address: MySQLAddress, migrates: Bool, logger: Logger) {
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
        switch try session.schemaState() {
        case .current:
            break
        case .behind(let version):
            try requireMayMigrate(from: version)
            // Close this session first: an interrupter can shut down only one.
            _ = consume session
            try bringUpToDate(sessions, interrupter)
            session = try sessions.open(limits, interrupter)
            guard try session.schemaState() == .current else { throw error("was changed by another program") }
        case .ahead(let version):
            throw error("has version \(version), newer than the \(MySQLSchema.knownVersion) known here")
        }
        let summary = session.summary
        if limits == .opening { sessions.keep(session) }
        hasSucceeded.store(true, ordering: .relaxed)
        return summary
    }

    private func requireMayMigrate(from version: Int) throws(MySQLError) {
        guard !hasSucceeded.load(ordering: .relaxed) else {
            throw error(
                """
                has version \(version) now: tables are missing or old, and a running service does not make \
                them; restore a backup, or run megaphone migrate
                """)
        }
        guard migrates else { throw error("has version \(version); run megaphone migrate") }
    }

    private func bringUpToDate(
        _ sessions: SessionFactory, _ interrupter: Interrupter
    ) throws(MySQLError) {
        do {
            let session = try sessions.open(.migrating, interrupter)
            try MySQLSchema.migrate(session.connection, logger: logger)
        } catch {
            guard error.isDenied, error.stage == .statement else { throw error }
            throw MySQLError(
                code: error.code,
                message: "\(error.message); run megaphone migrate as a user with CREATE and ALTER privileges",
                stage: error.stage)
        }
    }

    private func error(_ text: String) -> MySQLError {
        MySQLError(code: .none, message: "its schema \(text)", stage: .schema)
    }
}
