import BlockingWork
import Broadcasts
import Logging
import StoreAddress
import Time

/// A connection made ready: every session is the same, whatever the server's defaults are.
struct MySQLSession: ~Copyable, Sendable {
    private(set) var connection: MySQLConnection
    /// The circuit's generation in which the session was opened. One from before an outage is not used again.
    let generation: Int
    /// When the session is replaced by another.
    let expiry: Instant
    private var isUpsertPrepared = false

    /// Connects, logs in and sets the session up.
    static func open(
        _ address: MySQLAddress, limits: MySQLLimits, interrupter: Interrupter,
        variables: ServerVariables, generation: Int, expiry: Instant
    ) throws(MySQLError) -> MySQLSession {
        let connection = try MySQLConnection.open(address, limits: limits, interrupter: interrupter)
        try variables.setUp(connection, limits)
        return MySQLSession(connection: connection, generation: generation, expiry: expiry)
    }

    private init(connection: consuming MySQLConnection, generation: Int, expiry: Instant) {
        self.connection = connection
        self.generation = generation
        self.expiry = expiry
    }

    /// Hands the session to another thread; see `MySQLConnection.move`.
    mutating func move(to interrupter: Interrupter) {
        connection.move(to: interrupter)
    }

    /// The server, its version and whether the session is encrypted, for the log.
    var summary: String {
        "\(connection.serverVersion), \(connection.cipher.map { "encrypted with \($0)" } ?? "not encrypted")"
    }

    /// See `MySQLSchema.state`.
    func schemaState() throws(MySQLError) -> MySQLSchema.State {
        try MySQLSchema.state(on: connection)
    }

    /// Runs statements as one transaction: commits after the body, or rolls back on any error and throws it.
    ///
    /// It never commits after an error: on Galera a COMMIT after a conflict succeeds and stores nothing, and
    /// after a lock wait that timed out it stores the other statements.
    mutating func withTransaction<Value>(
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) throws(MySQLError) -> Value {
        try connection.query("START TRANSACTION")
        do {
            let value = try body(&self)
            try connection.query("COMMIT")
            return value
        } catch {
            // The end of a session rolls back, too.
            guard !error.endsSession else { throw error }
            try connection.query("ROLLBACK")
            throw error
        }
    }

    /// Throws when the session has died since it was last used.
    func ping() throws(MySQLError) {
        try connection.ping()
    }

    /// Stores one version in one statement, which is a transaction of its own.
    ///
    /// The version is bound twice: no other form of naming the new value exists on MySQL 5.7 to 9 and MariaDB
    /// alike. The server sets `last_updated` when, and only when, the row changes.
    mutating func put(_ change: Change) throws(MySQLError) -> ChangeOutcome {
        if !isUpsertPrepared {
            try connection.prepare(
                """
                INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES (?, ?, ?) \
                ON DUPLICATE KEY UPDATE version = ?
                """, parameters: 4)
            isUpsertPrepared = true
        }
        let version = change.version.text
        let parameters = [change.broadcasterID.text, change.channelID.text, version, version]
        return switch try connection.execute(parameters) {
        case 0: .unchanged
        case 1: .created
        default: .changed
        }
    }

    /// Reads the table. Returns nil when its rows are the last ones, in the same order: then no text is made
    /// again, and nobody has to look at the rows.
    func readRows(unlike last: [BoardRow]) throws(MySQLError) -> [BoardRow]? {
        try connection.query("SELECT broadcaster_id, bchannel_id, version FROM broadcastsv1")
        var unchanged = 0
        while connection.nextRow() {
            guard unchanged < last.count, rowIs(last[unchanged]) else {
                return Array(last[..<unchanged]) + remainingRows()
            }
            unchanged += 1
        }
        return unchanged == last.count ? nil : Array(last[..<unchanged])
    }

    /// The row at hand and those after it.
    private func remainingRows() -> [BoardRow] {
        var rows: [BoardRow] = []
        repeat {
            rows.append(
                BoardRow(
                    broadcasterID: connection.text(at: 0) ?? "", channelID: connection.text(at: 1) ?? "",
                    version: connection.text(at: 2) ?? ""))
        } while connection.nextRow()
        return rows
    }

    private func rowIs(_ row: BoardRow) -> Bool {
        connection.holds(row.version, at: 2) && connection.holds(row.channelID, at: 1)
            && connection.holds(row.broadcasterID, at: 0)
    }

    /// Reads from the table, and asks whether the server takes writes: on a replica both login and reading
    /// work.
    func check() throws(MySQLError) {
        try connection.query("SELECT @@global.read_only, EXISTS (SELECT 1 FROM broadcastsv1)")
        guard connection.nextRow(), let readOnly = connection.text(at: 0) else { return }
        guard readOnly == "0" || readOnly == "OFF" else {
            throw MySQLError(
                code: .ER_OPTION_PREVENTS_STATEMENT, message: "the server is read-only", stage: .statement)
        }
    }
}
