import Broadcasts
import CSQLite
import Time

/// An open database with its schema in place and its statements compiled.
struct SQLiteSession: ~Copyable {
    let connection: SQLiteConnection
    private let clock: Clock
    private let upsert: SQLiteStatement
    private let select: SQLiteStatement
    private let probe: SQLiteStatement
    private let dataVersion: SQLiteStatement
    private var lastRead: (stamp: Stamp, board: Board)?

    /// Changes whenever the table may have: SQLite's count of other connections' commits, and our own
    /// changes.
    private struct Stamp: Hashable {
        let dataVersion: Int64
        let totalChanges: Int64
    }

    /// When a database is opened.
    enum Occasion {
        /// At the start: creates the file when there is none, and brings its schema up to date.
        case start
        /// Later: the file and its tables are there, or something has happened to them.
        case service
    }

    /// Opens the database, in WAL mode where the file system can do it.
    static func open(
        path: String, at occasion: Occasion, deadline: Instant, clock: Clock
    ) throws(SQLiteError) -> SQLiteSession {
        let connection = try SQLiteConnection.open(path: path, create: occasion == .start)
        connection.setBusyLimit(clock.time(until: deadline))
        guard !connection.isReadOnly else {
            throw SQLiteError(code: SQLITE_READONLY, message: "the system refuses to open it for writing")
        }
        // An empty file in the place of ours must not be given a header, or tables.
        if occasion == .service { try SQLiteSchema.requireCurrent(connection) }
        // With WAL, readers and the writer do not wait for each other. FULL makes every commit reach the disk
        // before its PUT is answered; without it the last ones may be lost in a power cut.
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        if occasion == .start { try SQLiteSchema.migrate(connection) }

        let upsert = try connection.prepare(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES (?, ?, ?)
            ON CONFLICT (broadcaster_id, bchannel_id) DO UPDATE
            SET version = excluded.version, last_updated = CURRENT_TIMESTAMP
            WHERE version <> excluded.version
            """)
        let select = try connection.prepare("SELECT broadcaster_id, bchannel_id, version FROM broadcastsv1")
        let probe = try connection.prepare("SELECT EXISTS (SELECT 1 FROM broadcastsv1)")
        let dataVersion = try connection.prepare("PRAGMA data_version")
        return SQLiteSession(
            connection: connection, clock: clock, upsert: upsert, select: select, probe: probe,
            dataVersion: dataVersion)
    }

    /// Whether another file, or none, lies at the path by now: what is written here would be lost.
    var isOrphaned: Bool { connection.hasMoved }

    /// Stores one version in one statement, which is a transaction of its own.
    func put(_ change: Change, deadline: Instant) throws(SQLiteError) -> ChangeOutcome {
        limitWaiting(deadline)
        connection.forgetLastInsertedRow()
        try upsert.bind(change.broadcasterID.text, at: 1)
        try upsert.bind(change.channelID.text, at: 2)
        try upsert.bind(change.version.text, at: 3)
        _ = try upsert.step()
        if connection.changes == 0 { return .unchanged }
        return connection.lastInsertedRow == 0 ? .changed : .created
    }

    /// Reads the table and makes a board of its rows, or returns the last board when nothing has been
    /// committed since its rows were read.
    mutating func readBoard(
        deadline: Instant, make: ([BoardRow]) -> Board
    ) throws(SQLiteError) -> Board {
        limitWaiting(deadline)
        // The stamp is taken before the rows: a commit in between costs a needless read next time, never a
        // stale one.
        _ = try dataVersion.step()
        let stamp = Stamp(dataVersion: dataVersion.integer(at: 0), totalChanges: connection.totalChanges)
        dataVersion.reset()
        if let lastRead, lastRead.stamp == stamp { return lastRead.board }

        var rows: [BoardRow] = []
        rows.reserveCapacity(lastRead?.board.rows.count ?? 0)
        while try select.step() {
            rows.append(
                BoardRow(
                    broadcasterID: select.text(at: 0), channelID: select.text(at: 1),
                    version: select.text(at: 2)))
        }
        let board = make(rows)
        lastRead = (stamp, board)
        return board
    }

    /// Reads from the table.
    func check(deadline: Instant) throws(SQLiteError) {
        limitWaiting(deadline)
        _ = try probe.step()
        probe.reset()
    }

    /// Gives a statement less than its caller's time, so that "locked" is what the caller hears: SQLite
    /// counts the naps that it meant to take, and on a busy machine each lasts longer.
    private func limitWaiting(_ deadline: Instant) {
        connection.setBusyLimit(clock.time(until: deadline) * 3 / 4)
    }
}
