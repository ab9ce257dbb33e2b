import CSQLite

/// The schema of our database and its migrations. `user_version` is the number of applied migrations.
enum SQLiteSchema {
    /// In order; each is applied once. Append new ones; never change a released one.
    static let migrations = [
        // The table of Mozilla's Megaphone. SQLite compares text byte by byte, so ids are case-sensitive. It
        // is not a WITHOUT ROWID table: the last inserted rowid distinguishes a new row from a changed one.
        """
        CREATE TABLE broadcastsv1 (
            broadcaster_id TEXT NOT NULL COLLATE BINARY,
            bchannel_id TEXT NOT NULL COLLATE BINARY,
            created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
            last_updated TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
            version TEXT NOT NULL,
            PRIMARY KEY (broadcaster_id, bchannel_id)
        )
        """
    ]

    /// Applies the missing migrations, each in a transaction of its own. Several processes may do so at once.
    static func migrate(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        while try version(of: connection) < migrations.count {
            try connection.withTransaction { connection throws(SQLiteError) in
                // Another process may have applied it while this one waited for the lock.
                let applied = try version(of: connection)
                guard applied < migrations.count else { return }
                try connection.execute(migrations[applied])
                try connection.execute("PRAGMA user_version = \(applied + 1)")
            }
        }
    }

    /// Throws unless all migrations have been applied. The start has applied them, so a file without them is
    /// another file.
    static func requireCurrent(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        guard try version(of: connection) == migrations.count else {
            throw SQLiteError(
                code: SQLITE_SCHEMA, message: "its tables are missing; restore the file, or restart")
        }
    }

    private static func version(of connection: borrowing SQLiteConnection) throws(SQLiteError) -> Int {
        let version = try connection.integer("PRAGMA user_version")
        guard (0...Int64(migrations.count)).contains(version) else {
            throw SQLiteError(
                code: SQLITE_SCHEMA,
                message: "its schema has version \(version), newer than the \(migrations.count) known here")
        }
        return Int(version)
    }
}
