import Broadcasts

/// The table of changes. An addition to the numbered migrations: its existence is its record, so that an
/// older build does not find a schema that is newer than its own.
enum SQLiteHistory {
    /// Creates the table if it does not exist.
    static func create(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS megaphone_history (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                broadcaster_id TEXT NOT NULL,
                bchannel_id TEXT NOT NULL,
                previous TEXT,
                version TEXT,
                at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
                announce_at INTEGER,
                request_id TEXT NOT NULL
            );
            CREATE INDEX IF NOT EXISTS megaphone_history_channel
                ON megaphone_history (broadcaster_id, bchannel_id, id)
            """)
    }

    /// Appends the entry of a change.
    static func append(
        _ change: Change, previous: String?, announceAt: Int?, _ connection: borrowing SQLiteConnection
    ) throws(SQLiteError) {
        let insert = try connection.prepare(
            """
            INSERT INTO megaphone_history
                (broadcaster_id, bchannel_id, previous, version, request_id, announce_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """)
        try insert.bind(change.channel.broadcasterID.text, at: 1)
        try insert.bind(change.channel.channelID.text, at: 2)
        try insert.bind(previous, at: 3)
        try insert.bind(change.version?.text, at: 4)
        try insert.bind(change.requestID, at: 5)
        // Only the plan of a rule.
        try insert.bind(change.interval == nil ? nil : announceAt.map(Int64.init), at: 6)
        _ = try insert.step()
    }

    /// Reads the row of the channel and its entries in one statement, so that both are of the same moment.
    /// Without the table there are no entries.
    static func read(
        _ query: HistoryQuery, _ connection: borrowing SQLiteConnection
    ) throws(SQLiteError) -> HistoryRead {
        guard try connection.integer("\(tables) WHERE name = 'megaphone_history'") == 1 else {
            return try readRow(query, connection)
        }
        let select = try connection.prepare(
            """
            SELECT present.version, present.last_updated, entry.id, entry.version, entry.previous, entry.at,
                entry.request_id,
                EXISTS (SELECT 1 FROM megaphone_history WHERE broadcaster_id = ?1 AND bchannel_id = ?2),
                entry.announce_at
            FROM (SELECT 1)
            LEFT JOIN broadcastsv1 AS present
                ON present.broadcaster_id = ?1 AND present.bchannel_id = ?2
            LEFT JOIN (
                SELECT * FROM megaphone_history WHERE broadcaster_id = ?1 AND bchannel_id = ?2 AND id < ?3
                ORDER BY id DESC LIMIT ?4
            ) AS entry ON TRUE
            ORDER BY entry.id DESC
            """)
        try select.bind(query.channel.broadcasterID.text, at: 1)
        try select.bind(query.channel.channelID.text, at: 2)
        try select.bind(Int64(query.before ?? .max), at: 3)
        try select.bind(Int64(query.limit + 1), at: 4)
        var read = HistoryRead()
        while try select.step() {
            if let version = select.optionalText(at: 0) {
                read.row = (version, HistoryEntry.time(fromSQL: select.text(at: 1)))
            }
            read.hasEntries = select.integer(at: 7) == 1
            guard select.optionalText(at: 2) != nil else { continue }
            read.entries.append(
                HistoryEntry(
                    id: Int(select.integer(at: 2)), version: select.optionalText(at: 3),
                    previous: select.optionalText(at: 4),
                    time: HistoryEntry.time(fromSQL: select.text(at: 5)),
                    requestID: select.text(at: 6), announceAt: select.optionalInteger(at: 8)))
        }
        return read
    }

    private static let tables = "SELECT count(*) FROM sqlite_master"

    private static func readRow(
        _ query: HistoryQuery, _ connection: borrowing SQLiteConnection
    ) throws(SQLiteError) -> HistoryRead {
        let select = try connection.prepare(
            "SELECT version, last_updated FROM broadcastsv1 WHERE broadcaster_id = ? AND bchannel_id = ?")
        try select.bind(query.channel.broadcasterID.text, at: 1)
        try select.bind(query.channel.channelID.text, at: 2)
        var read = HistoryRead()
        if try select.step() {
            read.row = (select.text(at: 0), HistoryEntry.time(fromSQL: select.text(at: 1)))
        }
        return read
    }

    /// Removes all but the newest entries of a channel.
    static func trim(
        _ change: Change, keeping limit: Int, _ connection: borrowing SQLiteConnection
    ) throws(SQLiteError) {
        let delete = try connection.prepare(
            """
            DELETE FROM megaphone_history WHERE broadcaster_id = ?1 AND bchannel_id = ?2 AND id < (
                SELECT id FROM megaphone_history WHERE broadcaster_id = ?1 AND bchannel_id = ?2
                ORDER BY id DESC LIMIT 1 OFFSET ?3)
            """)
        try delete.bind(change.channel.broadcasterID.text, at: 1)
        try delete.bind(change.channel.channelID.text, at: 2)
        try delete.bind(Int64(limit - 1), at: 3)
        _ = try delete.step()
    }

    /// Removes the entries of channels that were deleted long ago and do not exist again.
    static func removeDeletedChannels(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            DELETE FROM megaphone_history WHERE (broadcaster_id, bchannel_id) IN (
                SELECT broadcaster_id, bchannel_id FROM megaphone_history AS last
                WHERE version IS NULL
                AND at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(HistoryUpkeep.daysAfterDeletion) days')
                AND NOT EXISTS (
                    SELECT 1 FROM megaphone_history AS later WHERE later.broadcaster_id = last.broadcaster_id
                    AND later.bchannel_id = last.bchannel_id AND later.id > last.id)
                AND NOT EXISTS (
                    SELECT 1 FROM broadcastsv1 AS present WHERE present.broadcaster_id = last.broadcaster_id
                    AND present.bchannel_id = last.bchannel_id)
                LIMIT \(HistoryUpkeep.maximumRemovals))
            """)
    }
}
