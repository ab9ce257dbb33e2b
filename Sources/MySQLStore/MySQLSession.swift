import BlockingWork
import Broadcasts
import Logging
import StoreAddress

/// A connection made ready: every session is the same, whatever the server's defaults are.
struct MySQLSession: ~Copyable {
    let connection: MySQLConnection
    private var isUpsertPrepared = false

    /// Connects, logs in and sets the session up.
    static func open(
        _ address: MySQLAddress, limits: MySQLLimits, interrupter: Interrupter
    ) throws(MySQLError) -> MySQLSession {
        let connection = try MySQLConnection.open(address, limits: limits, interrupter: interrupter)
        try setUp(connection, limits)
        return MySQLSession(connection: connection)
    }

    private init(connection: consuming MySQLConnection) {
        self.connection = connection
    }

    private static func setUp(
        _ connection: borrowing MySQLConnection, _ limits: MySQLLimits
    ) throws(MySQLError) {
        // SET NAMES first: Oracle's client offers a collation that MariaDB does not know, and MariaDB then
        // takes its own default. One statement, because each costs a way to the server and back.
        try connection.query(
            """
            SET NAMES utf8mb4, SESSION autocommit = 1, SESSION time_zone = '+00:00', \
            SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
            SESSION innodb_lock_wait_timeout = \(limits.lock), SESSION lock_wait_timeout = \(limits.lock)
            """)
        try connection.query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        let settings = try optionalSettings(connection, limits)
        if !settings.isEmpty { try connection.query("SET \(settings.joined(separator: ", "))") }
    }

    /// What only some servers know. Statements end on the server too, when nobody waits any more: the
    /// client's leaving does not end them. And on a cluster, a read waits until this node has all that was
    /// committed before on others.
    private static func optionalSettings(
        _ connection: borrowing MySQLConnection, _ limits: MySQLLimits
    ) throws(MySQLError) -> [String] {
        let values = [
            "max_statement_time": "\(limits.statement)",  // MariaDB, seconds.
            "max_execution_time": "\(limits.statement * 1_000)",  // MySQL, milliseconds, queries alone.
            "wsrep_sync_wait": "1",  // Galera.
            "group_replication_consistency": "'BEFORE'",  // InnoDB Cluster.
        ]
        let names = values.keys.map { "'\($0)'" }.joined(separator: ", ")
        try connection.query("SHOW SESSION VARIABLES WHERE Variable_name IN (\(names))")
        var settings: [String] = []
        while connection.nextRow() {
            if let name = connection.text(at: 0), let value = values[name] {
                settings.append("SESSION \(name) = \(value)")
            }
        }
        return settings.sorted()
    }

    /// The server, its version and whether the session is encrypted, for the log.
    var summary: String {
        "\(connection.serverVersion), \(connection.cipher.map { "encrypted with \($0)" } ?? "not encrypted")"
    }

    /// See `MySQLSchema.state`.
    func schemaState() throws(MySQLError) -> MySQLSchema.State {
        try MySQLSchema.state(on: connection)
    }

    /// See `MySQLSchema.migrate`.
    func migrate(logger: Logger) throws(MySQLError) {
        try MySQLSchema.migrate(connection, logger: logger)
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

    /// Reads from the table. Login alone proves little: a Galera node without its cluster lets one in and
    /// answers nothing.
    func probe() throws(MySQLError) {
        try connection.query("SELECT 1 FROM broadcastsv1 LIMIT 1")
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
