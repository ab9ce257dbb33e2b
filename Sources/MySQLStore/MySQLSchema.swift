import Logging

/// The tables of our database, and how an older one becomes this.
///
/// Applied migrations are recorded in `megaphone_migrations`. The original's own record,
/// `__diesel_schema_migrations`, is left as it is, so that its nodes go on working.
enum MySQLSchema {
    /// One step. It may be run again, and on several nodes at once: MySQL commits each change of a table by
    /// itself, so a node can end between a step and its record.
    private struct Migration: Sendable {
        /// For people, and for SQL as it stands: without a quote.
        let name: String
        let apply: @Sendable (borrowing MySQLConnection) throws(MySQLError) -> Void
    }

    /// In order, numbered from 1. Add at the end, and never change one that has been released.
    private static let migrations = [
        Migration(name: "create broadcastsv1 or adopt it", apply: createTable),
        Migration(name: "compare ids byte by byte", apply: makeIDsCaseSensitive),
    ]

    /// The version that this program knows.
    static var knownVersion: Int { migrations.count }

    /// How far the database is.
    enum State: Hashable {
        case current
        case behind(Int)
        case ahead(Int)
    }

    /// Reads from both tables in one statement. Login alone proves little: a Galera node without its cluster
    /// lets one in and answers nothing.
    static func state(on connection: borrowing MySQLConnection) throws(MySQLError) -> State {
        do {
            return state(
                try connection.integer(
                    """
                    SELECT (SELECT MAX(number) FROM megaphone_migrations), \
                    EXISTS (SELECT 1 FROM broadcastsv1)
                    """))
        } catch {
            guard error.code == .ER_NO_SUCH_TABLE else { throw error }
            let state = try recordedState(on: connection)
            // The record is there, the table is not.
            if state == .current { throw error }
            return state
        }
    }

    /// How far the record says that the database is, whether its tables exist or not.
    private static func recordedState(
        on connection: borrowing MySQLConnection
    ) throws(MySQLError) -> State {
        do {
            return state(try connection.integer("SELECT MAX(number) FROM megaphone_migrations"))
        } catch {
            guard error.code == .ER_NO_SUCH_TABLE else { throw error }
            return state(nil)
        }
    }

    private static func state(_ recorded: Int?) -> State {
        let version = recorded ?? 0
        if version == knownVersion { return .current }
        return version < knownVersion ? .behind(version) : .ahead(version)
    }

    /// Applies what is missing. The session ends afterwards, and the lock with it.
    ///
    /// The named lock keeps the nodes of one server in line. The other servers of a cluster do not know of
    /// it, and some refuse to give any; there, each step's being repeatable has to do.
    static func migrate(_ connection: borrowing MySQLConnection, logger: Logger) throws(MySQLError) {
        try lock(connection, logger: logger)
        try connection.query(
            """
            CREATE TABLE IF NOT EXISTS megaphone_migrations (
                number INT NOT NULL PRIMARY KEY,
                name VARCHAR(100) NOT NULL,
                applied TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
            ) ENGINE = InnoDB DEFAULT CHARACTER SET ascii
            """)
        guard case .behind(let version) = try recordedState(on: connection) else { return }
        for number in version + 1...knownVersion {
            let migration = migrations[number - 1]
            try migration.apply(connection)
            try connection.query(
                """
                INSERT IGNORE INTO megaphone_migrations (number, name) \
                VALUES (\(number), '\(migration.name)')
                """
            )
            logger.notice("Applied migration \(number): \(migration.name)")
        }
    }

    private static func lock(
        _ connection: borrowing MySQLConnection, logger: Logger
    ) throws(MySQLError) {
        let outcome: Int?
        do {
            let limit = MySQLLimits.migrating.lock
            outcome = try connection.integer("SELECT GET_LOCK('megaphone.migrations', \(limit))")
        } catch {
            guard !error.isConnectionTrouble else { throw error }
            logger.warning("Migrating without a lock, which this server does not give: \(error.message)")
            return
        }
        switch outcome {
        case 1: return
        case 0:
            throw MySQLError(
                code: .none, message: "another node has been migrating it for too long", stage: .schema)
        default:
            // NULL: the server met an error of its own.
            throw MySQLError(code: .none, message: "the lock for migrating it failed", stage: .schema)
        }
    }

    private static func createTable(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        try connection.query(
            """
            CREATE TABLE IF NOT EXISTS broadcastsv1 (
                broadcaster_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
                bchannel_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
                created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                last_updated TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
                version VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
                PRIMARY KEY (broadcaster_id, bchannel_id)
            ) ENGINE = InnoDB
            """)
    }

    /// In the original, `a/B` and `a/b` share a row. Ids that are not ASCII can only have been written by
    /// hand; they stay what they are, at the price of a wider key.
    private static func makeIDsCaseSensitive(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        do {
            try setIDs("CHARACTER SET ascii COLLATE ascii_bin", connection)
        } catch {
            guard error.isMisfit else { throw error }
            try setIDs("CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", connection)
        }
    }

    private static func setIDs(
        _ characterSet: String, _ connection: borrowing MySQLConnection
    ) throws(MySQLError) {
        try connection.query(
            """
            ALTER TABLE broadcastsv1
                MODIFY broadcaster_id VARCHAR(64) \(characterSet) NOT NULL,
                MODIFY bchannel_id VARCHAR(128) \(characterSet) NOT NULL
            """)
    }
}
