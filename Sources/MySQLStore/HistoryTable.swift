import Broadcasts

/// The table of changes. An addition to the numbered migrations: its existence is its record, so that an
/// older build does not find a schema that is newer than its own.
enum HistoryTable {
    /// Creates the table if it does not exist. Asks first, because a cluster runs each CREATE on all its
    /// servers.
    static func create(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        do {
            try connection.query("SELECT 1 FROM megaphone_history LIMIT 0")
        } catch {
            guard error.code == .ER_NO_SUCH_TABLE else { throw error.inHistory }
            do {
                try connection.query(table)
            } catch {
                throw error.inHistory
            }
        }
    }

    /// The times are UTC, as in our sessions. A TIMESTAMP ends in 2038.
    private static let table = """
        CREATE TABLE IF NOT EXISTS megaphone_history (
            id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
            broadcaster_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
            bchannel_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
            previous VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
            version VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
            at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
            announce_at BIGINT NULL,
            request_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
            KEY channel (broadcaster_id, bchannel_id, id)
        ) ENGINE = InnoDB
        """

    /// Returns the statement that appends the entry of a change. `previous` is a literal,
    /// `announceAt` an expression.
    static func insert(_ change: Change, previous: String?, announceAt: String?) -> String {
        let version = change.version.map { literal($0.text) }
        return """
            INSERT INTO megaphone_history (broadcaster_id, bchannel_id, previous, version, announce_at, \
            request_id) VALUES (\(ids(change.channel)), \(previous ?? "NULL"), \(version ?? "NULL"), \
            \(announceAt ?? "NULL"), \(literal(change.requestID)))
            """
    }

    /// Reads the row of the channel and its entries in one statement, so that both are of the same moment.
    /// Without the table there are no entries.
    static func read(
        _ query: HistoryQuery, _ connection: borrowing MySQLConnection
    ) throws(MySQLError) -> HistoryRead {
        do {
            try connection.query(select(query))
        } catch {
            guard error.code == .ER_NO_SUCH_TABLE else { throw error }
            try connection.query(
                """
                SELECT version, last_updated, NULL, NULL, NULL, NULL, NULL, 0, NULL FROM broadcastsv1 \
                WHERE \(channel(query.channel))
                """)
        }
        var read = HistoryRead()
        while connection.nextRow() {
            if let version = connection.text(at: 0) {
                read.row = (version, connection.text(at: 1).flatMap(HistoryEntry.time(fromSQL:)))
            }
            read.hasEntries = connection.holds("1", at: 7)
            guard let id = connection.text(at: 2).flatMap({ Int($0) }) else { continue }
            read.entries.append(
                HistoryEntry(
                    id: id, version: connection.text(at: 3), previous: connection.text(at: 4),
                    time: connection.text(at: 5).flatMap(HistoryEntry.time(fromSQL:)),
                    requestID: connection.text(at: 6), announceAt: connection.integer(at: 8)))
        }
        return read
    }

    private static func select(_ query: HistoryQuery) -> String {
        let channel = channel(query.channel)
        return """
            SELECT present.version, present.last_updated, entry.id, entry.version, entry.previous, entry.at, \
            entry.request_id, EXISTS (SELECT 1 FROM megaphone_history WHERE \(channel)), \
            entry.announce_at \
            FROM (SELECT 1) AS one \
            LEFT JOIN (SELECT version, last_updated FROM broadcastsv1 WHERE \(channel)) AS present ON TRUE \
            LEFT JOIN (SELECT id, version, previous, at, request_id, announce_at FROM megaphone_history \
            WHERE \(channel) AND id < \(query.before.map(String.init) ?? "\(UInt64.max)") \
            ORDER BY id DESC LIMIT \(query.limit + 1)) AS entry ON TRUE ORDER BY entry.id DESC
            """
    }

    /// Removes all but the newest entries of a channel. The inner query is a table of its own because MySQL
    /// does not read the table that a statement deletes from.
    static func trim(
        _ change: Change, keeping limit: Int, _ connection: borrowing MySQLConnection
    ) throws(MySQLError) {
        let channel = channel(change.channel)
        try connection.query(
            """
            DELETE FROM megaphone_history WHERE \(channel) AND id < (SELECT id FROM (\
            SELECT id FROM megaphone_history WHERE \(channel) ORDER BY id DESC LIMIT 1 OFFSET \(limit - 1)\
            ) AS kept)
            """)
    }

    /// Removes the entries of channels that were deleted long ago and do not exist again.
    static func removeDeletedChannels(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        try connection.query(
            """
            SELECT broadcaster_id, bchannel_id, id FROM megaphone_history AS last WHERE version IS NULL \
            AND at < UTC_TIMESTAMP(3) - INTERVAL \(HistoryUpkeep.daysAfterDeletion) DAY \
            AND NOT EXISTS (SELECT 1 FROM megaphone_history AS later \
            WHERE later.broadcaster_id = last.broadcaster_id AND later.bchannel_id = last.bchannel_id \
            AND later.id > last.id) \
            AND NOT EXISTS (SELECT 1 FROM broadcastsv1 AS present \
            WHERE present.broadcaster_id = last.broadcaster_id AND present.bchannel_id = last.bchannel_id) \
            LIMIT \(HistoryUpkeep.maximumRemovals)
            """)
        var gone: [(broadcasterID: String, channelID: String, id: Int)] = []
        while connection.nextRow() {
            guard let broadcasterID = connection.text(at: 0), let channelID = connection.text(at: 1),
                let id = connection.text(at: 2).flatMap({ Int($0) })
            else { continue }
            gone.append((broadcasterID, channelID, id))
        }
        for channel in gone {
            try connection.query(
                """
                DELETE FROM megaphone_history WHERE broadcaster_id = \(literal(channel.broadcasterID)) \
                AND bchannel_id = \(literal(channel.channelID)) AND id <= \(channel.id)
                """)
        }
    }

    /// Throws if the account may not remove entries.
    static func checkTrimming(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        try connection.query("DELETE FROM megaphone_history WHERE FALSE")
    }
}

/// Returns the condition that selects a channel.
func channel(_ name: ChannelName) -> String {
    "broadcaster_id = \(literal(name.broadcasterID.text)) AND bchannel_id = \(literal(name.channelID.text))"
}

/// Returns the IDs of a channel as two values of a list.
func ids(_ name: ChannelName) -> String {
    "\(literal(name.broadcasterID.text)), \(literal(name.channelID.text))"
}

/// Returns a text as a literal in hexadecimal, which needs no escaping.
func literal(_ text: String) -> String { "_utf8mb4 \(literal(Array(text.utf8)))" }

/// Returns bytes as a binary literal in hexadecimal.
func literal(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count + 3)
    text += [UInt8(ascii: "X"), UInt8(ascii: "'")]
    for byte in bytes {
        text.append(digit(byte >> 4))
        text.append(digit(byte & 15))
    }
    text.append(UInt8(ascii: "'"))
    return String(decoding: text, as: UTF8.self)
}

private func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
