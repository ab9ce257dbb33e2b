import CSQLite

/// An SQLite connection. Used by one thread only.
@safe
struct SQLiteConnection: ~Copyable {
    private let handle: OpaquePointer

    /// Opens a database file for reading and writing. Each connection to `:memory:` has a database of its
    /// own. `create` creates the file if it does not exist.
    static func open(path: String, create: Bool) throws(SQLiteError) -> SQLiteConnection {
        // The connection stays on its thread, so SQLite's mutex would be pure cost.
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
            | (create ? SQLITE_OPEN_CREATE : 0)
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard let opened = unsafe opened else {
            throw SQLiteError(code: SQLITE_NOMEM, message: "out of memory")
        }
        let connection = unsafe SQLiteConnection(handle: opened)
        guard code == SQLITE_OK else { throw connection.lastError(code) }
        return connection
    }

    private init(handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        // Unlike `sqlite3_close`, this also works while statements exist: the owner may release its
        // properties in any order.
        _ = unsafe sqlite3_close_v2(handle)
    }

    /// Whether the file could only be opened read-only.
    var isReadOnly: Bool { unsafe sqlite3_db_readonly(handle, "main") == 1 }

    /// Whether the file was moved or removed after it was opened: writes would be lost.
    var hasMoved: Bool { unsafe megaphone_sqlite3_has_moved(handle) != 0 }

    /// The path of the open file, without symbolic links. Empty for a database in memory.
    var resolvedPath: String {
        guard let path = unsafe sqlite3_db_filename(handle, "main") else { return "" }
        return unsafe String(cString: path)
    }

    /// Closes the connection later without writing its WAL into the database.
    func skipFinalCheckpoint() {
        unsafe megaphone_sqlite3_skip_final_checkpoint(handle)
    }

    /// The number of rows that the last statement inserted, changed or deleted.
    var changes: Int32 { unsafe sqlite3_changes(handle) }

    /// The number of rows that this connection has inserted, changed or deleted since it was opened.
    var totalChanges: Int64 { unsafe sqlite3_total_changes64(handle) }

    /// The rowid of the last inserted row. An upsert that updates a row does not change it.
    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    func forgetLastInsertedRow() {
        unsafe sqlite3_set_last_insert_rowid(handle, 0)
    }

    /// Sets the busy timeout: how long a statement waits for a lock of another connection. The maximum is a
    /// day.
    func setBusyLimit(_ limit: Duration) {
        let (seconds, attoseconds) = max(limit, .zero).components
        let milliseconds = min(seconds, 86_400) * 1_000 + attoseconds / 1_000_000_000_000_000
        _ = unsafe sqlite3_busy_timeout(handle, Int32(milliseconds))
    }

    func execute(_ sql: String) throws(SQLiteError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw lastError(code) }
    }

    /// Runs statements as one transaction that holds the write lock from its beginning. Commits after the
    /// body, or rolls back on any error and rethrows it; never commits after an error.
    func withTransaction<Value>(
        _ body: (borrowing SQLiteConnection) throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        try execute("BEGIN IMMEDIATE")
        do {
            let value = try body(self)
            try execute("COMMIT")
            return value
        } catch {
            // ROLLBACK fails if SQLite has already rolled back, for example because the disk is full.
            try? execute("ROLLBACK")
            throw error
        }
    }

    /// Compiles a statement that is used many times.
    func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard let prepared = unsafe prepared else { throw lastError(code) }
        return unsafe SQLiteStatement(prepared)
    }

    /// Returns the integer in the first column of the first row, zero if there is none.
    func integer(_ sql: String) throws(SQLiteError) -> Int64 {
        let statement = try prepare(sql)
        _ = try statement.step()
        return statement.integer(at: 0)
    }

    private func lastError(_ code: Int32) -> SQLiteError {
        let message = unsafe String(cString: sqlite3_errmsg(handle))
        guard let cause = unsafe megaphone_sqlite3_system_error(handle) else {
            return SQLiteError(code: code, message: message)
        }
        return unsafe SQLiteError(code: code, message: "\(message): \(String(cString: cause))")
    }
}
