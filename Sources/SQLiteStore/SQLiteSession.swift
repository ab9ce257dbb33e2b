import Broadcasts
import CSQLite
import Time

/// An open database with a checked schema and compiled statements.
struct SQLiteSession: ~Copyable {
    let connection: SQLiteConnection
    /// Nil for a database in memory.
    private let files: DatabaseFiles?
    private let clock: Clock
    let upsert: SQLiteStatement
    let find: SQLiteStatement
    let remove: SQLiteStatement
    private let select: SQLiteStatement
    private let probe: SQLiteStatement
    private let dataVersion: SQLiteStatement
    /// Nil if the table lacks the columns of `SQLiteHoldBack`.
    private(set) var holdBack: HoldBackStatements?
    private var lastRead: LastRead?

    /// A board, the state of the table that it was made of, and when a held version on it is announced, by
    /// SQLite's clock.
    private struct LastRead {
        let stamp: Stamp
        let board: Board
        let nextAnnouncement: Int?
    }

    /// Identifies the table's state: `PRAGMA data_version` changes with the commits of other connections,
    /// `total_changes` with our own.
    private struct Stamp: Hashable {
        let dataVersion: Int64
        let totalChanges: Int64
    }

    /// Maximum size of the WAL in bytes after a checkpoint: that at which SQLite begins one by default.
    /// Without a limit, the file keeps the size that it reached while a long read, such as a backup, delayed
    /// the checkpoint.
    private static let walLimit = 1000 * 4096

    /// Why a database is opened.
    enum Occasion: Hashable {
        /// At the start: creates the file if it does not exist and migrates the schema. With
        /// also makes the additions that the settings need.
        case start(SchemaAdditions)
        /// Later: the file and its tables must exist.
        case service
    }

    /// Opens the database, in WAL mode if the file system supports it. Waits for locks until the deadline.
    static func open(
        path: String, at occasion: Occasion, deadline: Instant, clock: Clock
    ) throws(SQLiteError) -> SQLiteSession {
        let connection = try SQLiteConnection.open(path: path, create: occasion != .service)
        connection.setBusyLimit(clock.time(until: deadline))
        guard !connection.isReadOnly else {
            throw SQLiteError(code: SQLITE_READONLY, message: "the system refuses to open it for writing")
        }
        // Must come first: an empty file in the place of the database must not get a header or tables.
        if occasion == .service { try SQLiteSchema.requireCurrent(connection) }
        // With WAL, readers and the writer do not block each other. With FULL, each commit is synced to disk
        // before its PUT is answered; otherwise a power failure could lose the last commits.
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA journal_size_limit = \(walLimit)")
        if case .start(let additions) = occasion {
            try SQLiteSchema.migrate(connection)
            if additions.history { try SQLiteHistory.create(connection) }
            if additions.holdBack { try SQLiteHoldBack.add(connection) }
        }

        let upsert = try connection.prepare(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES (?, ?, ?)
            ON CONFLICT (broadcaster_id, bchannel_id) DO UPDATE
            SET version = excluded.version, last_updated = CURRENT_TIMESTAMP
            WHERE version <> excluded.version
            """)
        let find = try connection.prepare(
            "SELECT version FROM broadcastsv1 WHERE broadcaster_id = ? AND bchannel_id = ?")
        let remove = try connection.prepare(
            "DELETE FROM broadcastsv1 WHERE broadcaster_id = ? AND bchannel_id = ?")
        let select = try connection.prepare("SELECT broadcaster_id, bchannel_id, version FROM broadcastsv1")
        let probe = try connection.prepare("SELECT EXISTS (SELECT 1 FROM broadcastsv1)")
        let dataVersion = try connection.prepare("PRAGMA data_version")
        let holdBack = try SQLiteHoldBack.exist(connection) ? HoldBackStatements(connection) : nil
        let resolved = connection.resolvedPath
        let files = resolved.isEmpty ? nil : DatabaseFiles(path: path, resolved: resolved)
        guard !connection.hasMoved else {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: "the file was replaced while it was opened")
        }
        return SQLiteSession(
            connection: connection, files: files, clock: clock, upsert: upsert, find: find, remove: remove,
            select: select, probe: probe, dataVersion: dataVersion, holdBack: holdBack)
    }

    /// What happened to the files since the session was opened; nil while they are all in place.
    var loss: DatabaseFiles.Loss? {
        connection.hasMoved ? .database : files?.loss
    }

    /// The result of a read.
    enum ReadOutcome {
        case board(Board, nextAnnouncement: Duration?)
        /// The time of some held versions had come at `began`: the writer must record that first.
        case due(began: Int)
    }

    /// Reads the table and makes a board of its rows. Returns the last board if nothing has been committed
    /// since its rows were read, and no held version is announced. `began` is the time of an earlier round of
    /// the read, by SQLite's clock: it decides what is due.
    mutating func readBoard(
        deadline: Instant, began: Int?, make: ([BoardRow]) -> Board
    ) throws(SQLiteError) -> ReadOutcome {
        limitWaiting(deadline)
        // Take the stamp before reading: a commit between the two then costs a needless read next time, never
        // a stale board.
        _ = try dataVersion.step()
        let stamp = Stamp(dataVersion: dataVersion.integer(at: 0), totalChanges: connection.totalChanges)
        dataVersion.reset()
        if let lastRead, lastRead.stamp == stamp {
            guard let next = lastRead.nextAnnouncement else {
                return .board(lastRead.board, nextAnnouncement: nil)
            }
            let now = try time()
            if now < next {
                return .board(lastRead.board, nextAnnouncement: .microseconds(next - now))
            }
        }
        var rows: [BoardRow] = []
        rows.reserveCapacity(lastRead?.board.rows.count ?? 0)
        let held = try readRows(&rows, began: began)
        if held.isDue { return .due(began: held.now) }
        let board = make(rows)
        lastRead = LastRead(stamp: stamp, board: board, nextAnnouncement: held.next)
        return .board(board, nextAnnouncement: held.next.map { .microseconds($0 - held.now) })
    }

    /// Returns the time of SQLite's clock.
    func time() throws(SQLiteError) -> Int {
        guard let holdBack else { return 0 }
        _ = try holdBack.now.step()
        let now = Int(holdBack.now.integer(at: 0))
        holdBack.now.reset()
        return now
    }

    /// Reads all rows. Returns the time, whether the time of a held version has come, and when the next one
    /// is announced.
    private func readRows(
        _ rows: inout [BoardRow], began: Int?
    ) throws(SQLiteError) -> (now: Int, isDue: Bool, next: Int?) {
        guard let holdBack else {
            while try select.step() {
                rows.append(
                    BoardRow(
                        broadcasterID: select.text(at: 0), channelID: select.text(at: 1),
                        version: select.text(at: 2)))
            }
            return (0, false, nil)
        }
        return try readRows(&rows, holdBack.read, began: began)
    }

    private func readRows(
        _ rows: inout [BoardRow], _ select: borrowing SQLiteStatement, began: Int?
    ) throws(SQLiteError) -> (now: Int, isDue: Bool, next: Int?) {
        var (now, isDue) = (began, false)
        var next: Int?
        while try select.step() {
            let time = now ?? Int(select.integer(at: 5))
            now = time
            let channel = StoredChannel(
                version: select.text(at: 2), shown: select.optionalText(at: 3),
                announceAt: select.optionalInteger(at: 4))
            let row = BoardRow(
                broadcasterID: select.text(at: 0), channelID: select.text(at: 1), channel, at: time)
            rows.append(row)
            if channel.isDue(at: time) { isDue = true }
            if let held = row.held { next = min(next ?? .max, held.announceAt) }
        }
        return (now ?? 0, isDue, next)
    }

    /// Looks for the columns of `SQLiteHoldBack` again. Returns whether they exist.
    mutating func findHoldBack(deadline: Instant) throws(SQLiteError) -> Bool {
        limitWaiting(deadline)
        guard try SQLiteHoldBack.exist(connection) else { return false }
        if !holdsBack { holdBack = try HoldBackStatements(connection) }
        return true
    }

    /// Records the announcements whose time has come.
    func fold(deadline: Instant) throws(SQLiteError) {
        guard let holdBack else { return }
        limitWaiting(deadline)
        _ = try holdBack.fold.step()
    }

    /// Reads from the table.
    func check(deadline: Instant) throws(SQLiteError) {
        limitWaiting(deadline)
        _ = try probe.step()
        probe.reset()
    }

    /// Sets the busy timeout to three quarters of the remaining time, so that the caller learns that the file
    /// is locked before its deadline. SQLite counts the requested sleep times, and on a busy machine each
    /// sleep takes longer.
    func limitWaiting(_ deadline: Instant) {
        connection.setBusyLimit(clock.time(until: deadline) * 3 / 4)
    }
}
