import CSQLite

/// One compiled statement. It keeps its connection's memory alive, but is of use only as long as that is
/// open.
@safe
struct SQLiteStatement: ~Copyable {
    private let handle: OpaquePointer

    /// Takes over a statement fresh from `sqlite3_prepare_v3`.
    @unsafe
    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        _ = unsafe sqlite3_finalize(handle)
    }

    /// Binds a text of at most a few hundred bytes; NUL is a byte like any other. Indices begin at 1.
    func bind(_ text: String, at index: Int32) throws(SQLiteError) {
        let code = unsafe text.utf8.span.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe megaphone_sqlite3_bind_text(
                    handle, index, characters.baseAddress, Int32(characters.count))
            }
        }
        guard code == SQLITE_OK else { throw lastError(code) }
    }

    /// Goes on to the next row; false, and the statement may run anew, when there is none.
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

    /// Ends the run under way, and with it the read transaction of a query.
    func reset() {
        _ = unsafe sqlite3_reset(handle)
    }

    func integer(at column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    /// The column as text, bytes that are not UTF-8 replaced.
    func text(at column: Int32) -> String {
        guard let bytes = unsafe sqlite3_column_text(handle, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private func lastError(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: unsafe String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
    }
}
