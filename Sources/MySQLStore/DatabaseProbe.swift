import BlockingWork
import Logging
import StoreAddress

/// Probes the database once, and migrates its schema if needed and allowed.
struct DatabaseProbe {
    let address: MySQLAddress
    let migrates: Bool
    let logger: Logger

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
            guard migrates else { throw error("has version \(version); run megaphone migrate") }
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
        return summary
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
