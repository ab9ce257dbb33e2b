import Broadcasts

/// The columns that hold versions back, beside those of the original: `shown` is on the board until
/// `announce_at`, and was announced at `shown_at`. Times are microseconds since 1970, UTC.
enum SQLiteHoldBack {
    /// The time at which the statement began. SQLite's clock has milliseconds.
    static let now = "CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) * 1000"

    /// The condition that the version of a row is held.
    static let isHeld = """
        (shown IS NOT NULL AND announce_at > \(now) AND announce_at <= \(now) + \(StoredChannel.longestHold))
        """

    /// Returns whether the table has the columns.
    static func exist(_ connection: borrowing SQLiteConnection) throws(SQLiteError) -> Bool {
        try connection.integer(
            """
            SELECT count(*) FROM pragma_table_info('broadcastsv1')
            WHERE name IN ('shown', 'shown_at', 'announce_at')
            """) == 3
    }

    /// Adds the columns if they do not exist.
    static func add(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        try connection.withTransaction { connection throws(SQLiteError) in
            guard try !exist(connection) else { return }
            for column in ["shown TEXT", "shown_at INTEGER", "announce_at INTEGER"] {
                try connection.execute("ALTER TABLE broadcastsv1 ADD COLUMN \(column)")
            }
        }
    }
}

/// The compiled statements of a database with these columns. A class, because it may be absent, and an
/// optional of a type that cannot be copied is hard to use.
final class HoldBackStatements {
    /// Stores a version of a channel without a rule: announced at once, what was held is replaced.
    let upsert: SQLiteStatement
    /// Reads a channel and the clock.
    let find: SQLiteStatement
    /// Stores a channel as it was decided.
    let store: SQLiteStatement
    /// Reads the table and the clock.
    let read: SQLiteStatement
    /// Records the announcements whose time has come. Names no version, so it may run at any time, and twice.
    let fold: SQLiteStatement
    let now: SQLiteStatement

    init(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        let (now, isHeld) = (SQLiteHoldBack.now, SQLiteHoldBack.isHeld)
        upsert = try connection.prepare(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version, announce_at)
            VALUES (?, ?, ?, \(now))
            ON CONFLICT (broadcaster_id, bchannel_id) DO UPDATE SET version = excluded.version, shown = NULL,
                shown_at = NULL, last_updated = CURRENT_TIMESTAMP,
                announce_at = CASE WHEN \(isHeld) AND shown = excluded.version THEN shown_at
                    ELSE excluded.announce_at END
            WHERE version <> excluded.version
            """)
        find = try connection.prepare(
            """
            SELECT version, shown, shown_at, announce_at, \(now) FROM broadcastsv1
            WHERE broadcaster_id = ? AND bchannel_id = ?
            """)
        store = try connection.prepare(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version, shown, shown_at, announce_at)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (broadcaster_id, bchannel_id) DO UPDATE SET version = excluded.version,
                shown = excluded.shown, shown_at = excluded.shown_at, announce_at = excluded.announce_at,
                last_updated = CURRENT_TIMESTAMP
            """)
        read = try connection.prepare(
            "SELECT broadcaster_id, bchannel_id, version, shown, announce_at, \(now) FROM broadcastsv1")
        fold = try connection.prepare(
            """
            UPDATE broadcastsv1 SET announce_at = min(announce_at, \(now)), shown = NULL, shown_at = NULL
            WHERE shown IS NOT NULL AND NOT ifnull(\(isHeld), FALSE)
            """)
        self.now = try connection.prepare("SELECT \(now)")
    }
}
