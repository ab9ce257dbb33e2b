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
            logger.notice("Applying migration \(number): \(migration.name)")
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

    /// How long a node waits for another one that migrates. No other statement waits for the named lock.
    private static let lockSeconds = 20

    private static func lock(
        _ connection: borrowing MySQLConnection, logger: Logger
    ) throws(MySQLError) {
        let outcome: Int?
        do {
            outcome = try connection.integer("SELECT GET_LOCK('megaphone.migrations', \(lockSeconds))")
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

    /// Returns a description of the session that holds a lock of the table; nil if none can be seen. On MySQL
    /// that takes the right to read `performance_schema`. Elsewhere it is the session in this database with
    /// the oldest transaction, which takes the PROCESS privilege.
    static func lockHolder(_ connection: borrowing MySQLConnection) -> String? {
        let queries = [
            """
            SELECT CONCAT('session ', t.processlist_id, ' of ', t.processlist_user, '@', t.processlist_host) \
            FROM performance_schema.metadata_locks l \
            JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id \
            WHERE l.object_schema = DATABASE() AND l.object_name = 'broadcastsv1' \
            AND l.lock_status = 'GRANTED' AND t.processlist_id <> CONNECTION_ID() LIMIT 1
            """,
            """
            SELECT CONCAT('session ', p.id, ' of ', p.user, '@', p.host, ' (', p.command, ' for ', p.time, \
            ' s)') \
            FROM information_schema.innodb_trx t \
            JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
            WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 1
            """,
        ]
        for query in queries {
            guard (try? connection.query(query)) != nil, connection.nextRow() else { continue }
            return connection.text(at: 0)
        }
        return nil
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
