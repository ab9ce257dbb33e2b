import CSQLite

/// The files of an open database, by which their loss is noticed.
///
/// The path may be a symbolic link, which may change its target. SQLite resolves it when it opens the file.
struct DatabaseFiles {
    /// What happened to the files since they were opened.
    enum Loss {
        /// The path no longer refers to the open file: writes would be lost.
        case database
        /// The WAL or its index was removed. Commits go into files without a name, and are lost unless the
        /// connections close in order.
        case walRemoved
        /// Another WAL or index is at the path.
        case walReplaced
    }

    private let path: String
    private let database: FileIdentity?
    /// The WAL and its index; none if the file system does not support them.
    private let others: [(path: String, identity: FileIdentity)]

    /// Records the files of a connection that has read its database. `resolved` is the path without symbolic
    /// links.
    init(path: String, resolved: String) {
        self.path = path
        database = FileIdentity(of: path)
        others = ["-wal", "-shm"].compactMap { suffix in
            FileIdentity(of: resolved + suffix).map { (resolved + suffix, $0) }
        }
    }

    /// Nil while all files are at their paths.
    var loss: Loss? {
        if FileIdentity(of: path) != database { return .database }
        var isRemoved = false
        for (path, identity) in others {
            guard let now = FileIdentity(of: path) else {
                isRemoved = true
                continue
            }
            if now != identity { return .walReplaced }
        }
        return isRemoved ? .walRemoved : nil
    }
}

/// Distinguishes a file from another one at the same path.
struct FileIdentity: Hashable {
    private let device: UInt64
    private let inode: UInt64

    /// Nil if there is no such file.
    init?(of path: String) {
        let file = unsafe megaphone_inspect_file(path)
        guard file.exists != 0 else { return nil }
        device = file.device
        inode = file.inode
    }
}
