import CSQLite

/// An error of SQLite, or of our own checks.
struct SQLiteError: Error, Hashable, Sendable {
    /// The extended result code.
    let code: Int32
    /// SQLite's message, followed by the operating system's error if there was one.
    let message: String

    /// The primary result code: the low byte of the extended one.
    var primaryCode: Int32 { code & 0xFF }

    /// Whether the connection must be closed: the file may have changed.
    var endsConnection: Bool {
        switch primaryCode {
        case SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_READONLY: true
        default: false
        }
    }

    /// Returns one line for the operator: what the error means for this file, then SQLite's message.
    func explained(path: String) -> String {
        let meaning: String? =
            switch primaryCode {
            case SQLITE_CANTOPEN:
                "cannot be opened; do it and its directory exist, and may this account write there?"
            case SQLITE_READONLY: "is read-only"
            case SQLITE_NOTADB: "is not an SQLite database"
            case SQLITE_CORRUPT: "is damaged"
            case SQLITE_BUSY, SQLITE_LOCKED: "is locked by another process"
            case SQLITE_FULL: "cannot grow: the disk is full"
            case SQLITE_IOERR: "cannot be read or written"
            default: nil
            }
        guard let meaning else { return "SQLite database \(path): \(message)" }
        return "SQLite database \(path) \(meaning) (\(message))\(FileAdvice.text(for: self, path: path))"
    }
}
