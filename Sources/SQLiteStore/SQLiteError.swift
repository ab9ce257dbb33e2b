import CSQLite

/// What SQLite answered in place of a result.
struct SQLiteError: Error, Hashable, Sendable {
    /// The extended result code.
    let code: Int32
    /// SQLite's own words, and those of the operating system where it was the one to refuse.
    let message: String

    /// The primary result code, which the extended one ends in.
    var primaryCode: Int32 { code & 0xFF }

    /// Whether the connection is of no more use: the file is not what it was.
    var endsConnection: Bool {
        switch primaryCode {
        case SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_READONLY: true
        default: false
        }
    }

    /// One line for the operator: what it means for this file, then SQLite's own words.
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
        return "SQLite database \(path) \(meaning) (\(message))"
    }
}
