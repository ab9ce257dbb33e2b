import BlockingWork
import Broadcasts
import Logging
import StoreAddress
import Time

/// A connection with session variables set: all sessions are alike, whatever the server's defaults are.
struct MySQLSession: ~Copyable, Sendable {
    private(set) var connection: MySQLConnection
    /// The circuit's generation when the session was opened. Calls of a later generation do not use it.
    let generation: Int
    /// When the session must be replaced.
    let expiry: Instant
    private var upsert = Upsert.unprepared
    private var acceptsSeveralStatements = false
    /// Whether the table has the columns of `HoldBackColumns`, as it was when the session was opened.
    private(set) var holdsBack = false
    let time: DatabaseTime
    /// Whether the server is one of a Galera cluster. Known after `allowSeveralStatements`.
    private(set) var isInCluster = false
    /// Until when no changes are recorded, and why.
    var historyPause: (end: Instant, reason: String)?

    /// Connects, logs in and sets the session variables.
    static func open(
        _ address: MySQLAddress, limits: MySQLLimits, interrupter: Interrupter,
        variables: ServerVariables, time: DatabaseTime, generation: Int, expiry: Instant
    ) throws(MySQLError) -> MySQLSession {
        let connection = try MySQLConnection.open(address, limits: limits, interrupter: interrupter)
        try variables.setUp(connection, limits)
        let holdsBack = try HoldBackColumns.exist(connection)
        return MySQLSession(
            connection: connection, holdsBack: holdsBack, time: time, generation: generation, expiry: expiry)
    }

    private init(
        connection: consuming MySQLConnection, holdsBack: Bool, time: DatabaseTime, generation: Int,
        expiry: Instant
    ) {
        self.connection = connection
        self.holdsBack = holdsBack
        self.time = time
        self.generation = generation
        self.expiry = expiry
    }

    /// Moves the session to another thread; see `MySQLConnection.move`.
    mutating func move(to interrupter: Interrupter) {
        connection.move(to: interrupter)
    }

    /// The server's version and the session's encryption, for the log.
    var summary: String {
        "\(connection.serverVersion), \(connection.cipher.map { "encrypted with \($0)" } ?? "not encrypted")"
    }

    /// See `MySQLSchema.state`.
    func schemaState() throws(MySQLError) -> MySQLSchema.State {
        try MySQLSchema.state(on: connection)
    }

    /// Lets a query have several statements, to save round trips.
    mutating func allowSeveralStatements() throws(MySQLError) {
        guard !acceptsSeveralStatements else { return }
        try connection.query("SHOW VARIABLES LIKE 'wsrep_on'")
        isInCluster = connection.nextRow() && connection.holds("ON", at: 1)
        try connection.allowSeveralStatements()
        acceptsSeveralStatements = true
    }

    /// Throws if the connection is broken.
    func ping() throws(MySQLError) {
        try connection.ping()
    }

    /// Stores one version with one autocommitted statement.
    ///
    /// The version is bound twice, because no other reference to the new value works on both MySQL 5.7 to 9
    /// and MariaDB. The server sets `last_updated` only if the row changes.
    mutating func put(_ change: Change, _ version: Version) throws(MySQLError) -> ChangeOutcome {
        try prepareUpsert()
        let parameters = [
            change.channel.broadcasterID.text, change.channel.channelID.text, version.text, version.text,
        ]
        let affectedRows =
            switch upsert {
            case .unprepared: try connection.update(Self.upsert(parameters.map(literal)))
            case .prepared: try connection.execute(parameters)
            }
        return switch affectedRows {
        case 0: .unchanged
        case 1: .created
        default: .changed
        }
    }

    /// If the server has no room for another prepared statement (`max_prepared_stmt_count`, shared by all its
    /// sessions), the upsert is sent as text.
    private mutating func prepareUpsert() throws(MySQLError) {
        guard upsert == .unprepared else { return }
        do {
            try connection.prepare(Self.upsert(["?", "?", "?", "?"]), parameters: 4)
            upsert = .prepared
        } catch {
            guard error.code == .ER_MAX_PREPARED_STMT_COUNT_REACHED else { throw error }
        }
    }

    private enum Upsert {
        case unprepared
        case prepared
    }

    private static func upsert(_ values: [String]) -> String {
        """
        INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) \
        VALUES (\(values[0]), \(values[1]), \(values[2])) ON DUPLICATE KEY UPDATE version = \(values[3])
        """
    }

    /// Reads the table, and whether the server takes writes. While nothing is held, that is one more column
    /// than without the columns of `HoldBackColumns`. The rows are nil if they equal the last ones, in
    /// the same order: then no strings are created, and the caller can keep its board.
    ///
    /// The flags are a column of each row: a statement of their own would cost a round trip, and for a join
    /// or a union the optimizer may choose a temporary table. Only an empty table needs that statement.
    func readTable(unlike last: [BoardRow], wasHolding: Bool) throws(MySQLError) -> TableRead {
        if holdsBack, wasHolding { return try readHeldTable() }
        let shown = holdsBack ? ", shown" : ""
        try connection.query(
            "SELECT broadcaster_id, bchannel_id, version, \(Self.readOnlyFlags)\(shown) FROM broadcastsv1")
        guard connection.nextRow() else {
            return TableRead(rows: last.isEmpty ? nil : [], takesWrites: try takesWrites())
        }
        let takesWrites = areOff(at: 3)
        var unchanged = 0
        repeat {
            if holdsBack, !connection.isNull(at: 4) { return try readHeldTable() }
            guard unchanged < last.count, rowIs(last[unchanged]) else {
                guard let rest = remainingRows() else { return try readHeldTable() }
                return TableRead(rows: Array(last[..<unchanged]) + rest, takesWrites: takesWrites)
            }
            unchanged += 1
        } while connection.nextRow()
        return TableRead(
            rows: unchanged == last.count ? nil : Array(last[..<unchanged]), takesWrites: takesWrites)
    }

    /// One column for two flags; both are 0 on a server that takes writes. Later versions may say OFF.
    static let readOnlyFlags = "CONCAT(@@global.read_only, @@global.innodb_read_only)"

    func areOff(at column: UInt32) -> Bool {
        ["00", "OFFOFF", "OFF0", "0OFF"].contains { connection.holds($0, at: column) }
    }

    func takesWrites() throws(MySQLError) -> Bool {
        try connection.query("SELECT \(Self.readOnlyFlags)")
        return connection.nextRow() && areOff(at: 0)
    }

    /// Returns the current row and all later ones; nil if one of them holds a version back.
    private func remainingRows() -> [BoardRow]? {
        var rows: [BoardRow] = []
        repeat {
            if holdsBack, !connection.isNull(at: 4) { return nil }
            rows.append(
                BoardRow(
                    broadcasterID: connection.text(at: 0) ?? "", channelID: connection.text(at: 1) ?? "",
                    version: connection.text(at: 2) ?? ""))
        } while connection.nextRow()
        return rows
    }

    private func rowIs(_ row: BoardRow) -> Bool {
        row.held == nil && connection.holds(row.version, at: 2) && connection.holds(row.channelID, at: 1)
            && connection.holds(row.broadcasterID, at: 0)
    }

    /// Reads from the table and checks that the server would take a PUT: on a replica both login and reading
    /// work. The update changes no row, and needs all that a PUT needs: the privilege, the locks, and a
    /// server, a schema and a table that take writes. As its condition is constant, it is not logged.
    func check() throws(MySQLError) {
        try connection.query("SELECT \(Self.readOnlyFlags), EXISTS (SELECT 1 FROM broadcastsv1)")
        guard connection.nextRow(), areOff(at: 0) else {
            throw MySQLError(
                code: .ER_OPTION_PREVENTS_STATEMENT, message: "the server is read-only", stage: .statement)
        }
        try connection.query("UPDATE broadcastsv1 SET version = version WHERE FALSE")
    }
}

/// What a session has read.
struct TableRead {
    /// Nil if they equal the last ones.
    let rows: [BoardRow]?
    let takesWrites: Bool
    /// The time to the next announcement of a held version.
    var nextAnnouncement: Duration?
}
