import CSQLite

/// What the operator can do about a file that SQLite cannot use.
enum FileAdvice {
    /// Returns the advice, beginning with a semicolon, or an empty string.
    static func text(for error: SQLiteError, path: String) -> String {
        switch error.primaryCode {
        case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_IOERR, SQLITE_PROTOCOL: break
        default: return ""
        }
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        for file in [path, path + "-wal", path + "-shm", directory] {
            let found = unsafe megaphone_inspect_file(file)
            if found.exists != 0, found.is_writable == 0 {
                return ownership(
                    of: file, owner: userName(found.owner), user: userName(megaphone_current_user()))
            }
        }
        return fileSystem(unsafe megaphone_file_system(directory), error)
    }

    static func ownership(of file: String, owner: String, user: String) -> String {
        owner == user
            ? "; \(file) is not writable for its owner, \(owner)"
            : "; \(file) belongs to \(owner), and this process runs as \(user): change its owner"
    }

    /// Returns advice about file systems without the locks or the shared memory that SQLite's WAL needs.
    static func fileSystem(_ magic: UInt64, _ error: SQLiteError) -> String {
        guard error.primaryCode == SQLITE_IOERR || error.primaryCode == SQLITE_PROTOCOL else { return "" }
        // SQLITE_IOERR_SHMOPEN, SHMSIZE, SHMLOCK and SHMMAP. Their macros are not imported.
        let isSharedMemory = error.primaryCode == SQLITE_IOERR && (18...21).contains(error.code >> 8)
        guard let name = names[magic] ?? (isSharedMemory ? "this file system" : nil) else { return "" }
        return "; \(name) may lack the locks or the shared memory that SQLite needs: use a local file system"
    }

    /// By their magic numbers in statfs(2).
    private static let names: [UInt64: String] = [
        0x6573_5546: "FUSE", 0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB",
        0x0102_1997: "9P",
    ]

    private static func userName(_ number: UInt32) -> String {
        var name = [CChar](repeating: 0, count: 128)
        unsafe megaphone_user_name(number, &name, name.count)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
