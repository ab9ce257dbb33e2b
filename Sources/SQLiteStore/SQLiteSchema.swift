import CSQLite

/// The tables of our database. `user_version` counts the migrations that have been applied.
enum SQLiteSchema {
    /// In order; each is applied once. Add at the end, and never change one that has been released.
    static let migrations = [
        // The original's table. SQLite compares text byte by byte, so the ids are case-sensitive as they are.
        // The row id stays, because its being given tells a new row from a changed one.
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

    /// Applies what is missing, each migration in a transaction of its own. Two processes may do so at once.
    static func migrate(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        while try version(of: connection) < migrations.count {
            try connection.withTransaction { connection throws(SQLiteError) in
                // Another process may have been faster while this one waited for the lock.
                let applied = try version(of: connection)
                guard applied < migrations.count else { return }
                try connection.execute(migrations[applied])
                try connection.execute("PRAGMA user_version = \(applied + 1)")
            }
        }
    }

    /// Throws unless every migration has been applied: a file that lacks one is not the file that the start
    /// brought up to date.
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
