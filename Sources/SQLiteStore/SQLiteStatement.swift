import CSQLite

/// A compiled statement. The connection's memory lives until the statement is released, but the statement
/// must not be used after the connection has been closed.
@safe
struct SQLiteStatement: ~Copyable {
    private let handle: OpaquePointer

    /// Takes ownership of a statement from `sqlite3_prepare_v3`.
    @unsafe
    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        _ = unsafe sqlite3_finalize(handle)
    }

    /// Binds a text, which may contain NUL, or NULL for nil. Indices begin at 1.
    func bind(_ text: String?, at index: Int32) throws(SQLiteError) {
        guard let text else {
            let code = unsafe sqlite3_bind_null(handle, index)
            guard code == SQLITE_OK else { throw lastError(code) }
            return
        }
        let code = unsafe text.utf8.span.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe megaphone_sqlite3_bind_text(
                    handle, index, characters.baseAddress, Int32(characters.count))
            }
        }
        guard code == SQLITE_OK else { throw lastError(code) }
    }

    /// Binds an integer, or NULL for nil.
    func bind(_ number: Int64?, at index: Int32) throws(SQLiteError) {
        guard let number else { return try bind(String?.none, at: index) }
        let code = unsafe sqlite3_bind_int64(handle, index, number)
        guard code == SQLITE_OK else { throw lastError(code) }
    }

    /// Advances to the next row. Returns false after the last one, and resets the statement.
    func step() throws(SQLiteError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW:
            return true
        case SQLITE_DONE:
            reset()
            return false
        case let code:
            let error = lastError(code)
            reset()
            throw error
        }
    }

    /// Resets the statement, which ends a query's read transaction.
    func reset() {
        _ = unsafe sqlite3_reset(handle)
    }

    func integer(at column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    /// Returns a column as an integer; nil for NULL.
    func optionalInteger(at column: Int32) -> Int? {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : Int(integer(at: column))
    }

    /// Returns a column as text; empty for NULL. Invalid UTF-8 is replaced.
    func text(at column: Int32) -> String { optionalText(at: column) ?? "" }

    /// Returns a column as text; nil for NULL. Invalid UTF-8 is replaced.
    func optionalText(at column: Int32) -> String? {
        guard let bytes = unsafe sqlite3_column_text(handle, column) else { return nil }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private func lastError(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: unsafe String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
    }
}
