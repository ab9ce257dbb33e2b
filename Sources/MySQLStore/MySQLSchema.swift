import Logging

/// The schema of our database and its migrations.
///
/// Applied migrations are recorded in `megaphone_migrations`. The table `__diesel_schema_migrations` of
/// Mozilla's Megaphone is not changed, so that its nodes keep working.
enum MySQLSchema {
    /// One migration. It must be repeatable, also on several nodes at once: MySQL commits each DDL statement
    /// implicitly, so a node can die after a migration and before its record.
    private struct Migration: Sendable {
        /// A description, used in the log and unescaped in SQL: it must not contain quotes.
        let name: String
        let apply: @Sendable (borrowing MySQLConnection) throws(MySQLError) -> Void
    }

    /// In order, numbered from 1. Append new ones; never change a released one.
    private static let migrations = [
        Migration(name: "create broadcastsv1 or adopt it", apply: createTable),
        Migration(name: "compare ids byte by byte", apply: makeIDsCaseSensitive),
    ]

    /// The schema version of this program.
    static var knownVersion: Int { migrations.count }

    /// The schema version of the database, compared with `knownVersion`.
    enum State: Hashable {
        case current
        case behind(Int)
        case ahead(Int)
    }

    /// Reads from both tables in one statement. A successful login proves little: a Galera node without its
    /// cluster accepts logins and answers no queries.
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
            // The version is recorded, but `broadcastsv1` is missing.
            if state == .current { throw error }
            return state
        }
    }

    /// Returns the recorded version, whether or not `broadcastsv1` exists.
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

    /// Applies the missing migrations. The caller closes the session afterwards, which releases the named
    /// lock.
    ///
    /// The lock serialises the nodes that use the same server. Other servers of a cluster do not see it, and
    /// some servers refuse GET_LOCK; there, correctness depends on each migration being repeatable.
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
            logger.warning("Migrating without a lock because GET_LOCK failed: \(error.message)")
            return
        }
        switch outcome {
        case 1: return
        case 0:
            throw MySQLError(
                code: .none, message: "timed out waiting for another node to migrate it", stage: .schema)
        default:
            // NULL: an error occurred on the server.
            throw MySQLError(code: .none, message: "GET_LOCK for migrating it failed", stage: .schema)
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

    /// In Mozilla's schema, `a/B` and `a/b` are the same row. Non-ASCII ids can only have been written by
    /// hand; they are kept, which needs a wider key.
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
