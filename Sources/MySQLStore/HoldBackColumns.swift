import Broadcasts

/// The columns that hold versions back, beside those of the original: `shown` is on the board until
/// `announce_at`, and was announced at `shown_at`. Times are microseconds since 1970, UTC.
///
/// An addition to the numbered migrations, as the table of changes is. The statements of the original and of
/// older builds name their columns, so they work beside these.
enum HoldBackColumns {
    /// Returns whether the table has the columns. False if there is no table.
    static func exist(_ connection: borrowing MySQLConnection) throws(MySQLError) -> Bool {
        do {
            try connection.query("SELECT shown, shown_at, announce_at FROM broadcastsv1 LIMIT 0")
            return true
        } catch {
            guard [.ER_BAD_FIELD_ERROR, .ER_NO_SUCH_TABLE, .ER_NO_DB_ERROR].contains(error.code) else {
                throw error
            }
            return false
        }
    }

    /// Adds the columns. Repeatable, also on several nodes at once.
    static func add(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        do {
            try connection.query(
                """
                ALTER TABLE broadcastsv1
                    ADD COLUMN shown VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
                    ADD COLUMN shown_at BIGINT NULL,
                    ADD COLUMN announce_at BIGINT NULL
                """)
        } catch {
            // Another node has added them.
            guard error.code == .ER_DUP_FIELDNAME else { throw error }
        }
    }
}

/// The expressions for the time of the database's clock.
package struct DatabaseTime: Sendable {
    /// Added to the clock, in microseconds: in tests, servers whose clocks differ.
    let offset: Int

    package init(offset: Int = 0) {
        self.offset = offset
    }

    /// The time at which the statement began.
    var statementBegan: String { expression("UTC_TIMESTAMP(6)") }

    /// The time at which the expression is evaluated: after a row lock that the statement waited for. The
    /// time zone of our sessions is UTC.
    var evaluated: String { expression("SYSDATE(6)") }

    private func expression(_ time: String) -> String {
        let expression = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', \(time))"
        return offset == 0 ? expression : "(\(expression) + \(offset))"
    }

    /// The condition that the version of a row is held.
    var isHeld: String {
        """
        (shown IS NOT NULL AND announce_at > \(statementBegan) \
        AND announce_at <= \(statementBegan) + \(StoredChannel.longestHold))
        """
    }
}

extension MySQLSession {
    /// More due rows than this are folded by one statement for all.
    private static let maximumSingleFolds = 16
    /// How often a read records announcements and reads again.
    private static let maximumRounds = 3

    /// Reads a table with held versions. Announcements whose time has come are recorded first (folded):
    /// answering by the clock alone would show versions that a PUT in progress still replaces.
    ///
    /// The time of the first round decides what is due, so that rows that become due meanwhile do not prolong
    /// the read: what they show was announced when the read began.
    func readHeldTable() throws(MySQLError) -> TableRead {
        var began: Int?
        for round in 1... {
            try connection.query(
                """
                SELECT broadcaster_id, bchannel_id, version, shown, announce_at, \(time.statementBegan), \
                \(Self.readOnlyFlags) FROM broadcastsv1
                """)
            var rows: [BoardRow] = []
            var due: [BoardRow] = []
            var next: Int?
            var takesWrites = true
            while connection.nextRow() {
                let now = began ?? connection.integer(at: 5) ?? 0
                if rows.isEmpty {
                    began = now
                    takesWrites = areOff(at: 6)
                }
                let channel = StoredChannel(
                    version: connection.text(at: 2) ?? "", shown: connection.text(at: 3),
                    announceAt: connection.integer(at: 4))
                let row = BoardRow(
                    broadcasterID: connection.text(at: 0) ?? "", channelID: connection.text(at: 1) ?? "",
                    channel, at: now)
                rows.append(row)
                if channel.isDue(at: now) { due.append(row) }
                if let held = row.held { next = min(next ?? .max, held.announceAt - now) }
            }
            if rows.isEmpty { takesWrites = try self.takesWrites() }
            func answer(takesWrites: Bool) -> TableRead {
                TableRead(
                    rows: rows, takesWrites: takesWrites,
                    nextAnnouncement: next.map { .microseconds($0) })
            }
            // From a server that takes no writes, readers get the clock's answer.
            if due.isEmpty || !takesWrites { return answer(takesWrites: takesWrites) }
            guard round < Self.maximumRounds else { break }
            do {
                try fold(due)
            } catch {
                if error.isReadOnly { return answer(takesWrites: false) }
                // After a conflict, another transaction was first.
                guard error.isConflict else { throw error }
            }
        }
        throw MySQLError(
            code: .ER_LOCK_DEADLOCK, message: "announcements could not be recorded", stage: .statement)
    }

    /// Records announcements whose time has come. Names no version, so it may run anywhere, at any time, and
    /// twice.
    private func fold(_ due: [BoardRow]) throws(MySQLError) {
        let update = """
            UPDATE broadcastsv1 SET announce_at = LEAST(announce_at, \(time.statementBegan)), shown = NULL, \
            shown_at = NULL, last_updated = last_updated WHERE shown IS NOT NULL \
            AND NOT IFNULL(\(time.isHeld), FALSE)
            """
        guard due.count <= Self.maximumSingleFolds else { return try connection.query(update) }
        for row in due {
            try connection.query(
                """
                \(update) AND broadcaster_id = \(literal(row.broadcasterID)) \
                AND bchannel_id = \(literal(row.channelID))
                """)
        }
    }

    /// Stores a version of a channel without a rule, with one statement: announced at once, and what was held
    /// is replaced. The assignments are evaluated from left to right.
    func putAtOnce(_ change: Change, _ version: Version) throws(MySQLError) -> ChangeOutcome {
        let (text, bytes) = (literal(version.text), literal(Array(version.text.utf8)))
        let isSame = "CAST(CONVERT(version USING utf8mb4) AS BINARY) = \(bytes)"
        let affectedRows = try connection.update(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version, announce_at) \
            VALUES (\(ids(change.channel)), \(text), \(time.statementBegan)) ON DUPLICATE KEY UPDATE \
            announce_at = IF(\(isSame), announce_at, IF(\(time.isHeld) AND CAST(shown AS BINARY) = \(bytes), \
            shown_at, \(time.statementBegan))), \
            shown_at = IF(\(isSame), shown_at, NULL), shown = IF(\(isSame), shown, NULL), version = \(text)
            """)
        return switch affectedRows {
        case 0: .unchanged
        case 1: .created
        default: .changed
        }
    }
}
