import Broadcasts
import CSQLite
import Glibc
import TestSupport
import Testing
import Time

@testable import SQLiteStore

/// SQLite files as operators handle them. A test's name is the line of the list of cases.
@Suite(.timeLimit(.minutes(1))) struct FieldTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/megaphone.db"
    }

    /// Repeats an operation until it succeeds: it fails while the store opens its files again. Returns the
    /// last error after 20 seconds.
    private func eventually<Value>(_ body: () async throws -> Value) async throws -> Value {
        let end = patient()
        while true {
            do {
                return try await body()
            } catch  where Instant.now < end {
                await Task.yield()
            }
        }
    }

    private func put(_ version: String, into store: SQLiteStore) async throws {
        _ = try await eventually {
            try await store.apply(change("test", "one", version), deadline: patient())
        }
    }

    private func versions(in store: SQLiteStore) async throws -> [String] {
        try await eventually { try await store.readRows(deadline: patient()) }.map(\.version)
    }

    /// Returns the versions that another process would find after a kill of this one: a copy of the files at
    /// their paths, without a clean shutdown.
    private func versionsAfterKill() throws -> [String] {
        for suffix in ["", "-wal"] {
            let copy = "\(directory.path)/copy.db\(suffix)"
            _ = try ChildProcess("/bin/sh", ["-c", "rm -f \(copy); cp \(path)\(suffix) \(copy) 2>&1"])
                .waitForExit()
        }
        let connection = try SQLiteConnection.open(path: "\(directory.path)/copy.db", create: false)
        let statement = try connection.prepare("SELECT version FROM broadcastsv1 ORDER BY version")
        var versions: [String] = []
        while try statement.step() { versions.append(statement.text(at: 0)) }
        return versions
    }

    @Test(
        "Rough edge: SQLite's -wal and -shm removed under a running node lose no acknowledged PUT",
        arguments: [["-wal", "-shm"], ["-wal"], ["-shm"]], [true, false])
    func removedWAL_losesNoPut(suffixes: [String], hasReader: Bool) async throws {
        let log = LogRecorder()
        let store = try SQLiteStore(path: path, logger: log.logger)
        defer { store.close() }
        try await put("v1", into: store)
        if hasReader { _ = try await store.readRows(deadline: patient()) }
        for suffix in suffixes { #expect(unsafe unlink(path + suffix) == 0) }
        try await put("v2", into: store)
        #expect(try versionsAfterKill() == ["v2"])
        for suffix in ["-wal", "-shm"] { #expect(unsafe access(path + suffix, F_OK) == 0, "\(suffix)") }
        #expect(try await versions(in: store) == ["v2"])
        try await put("v3", into: store)
        #expect(try versionsAfterKill() == ["v3"])
        #expect(log.lines.count == 2, "\(log.lines)")
        #expect(
            log.lines.first?.contains("The -wal or -shm file of SQLite database \(path) was removed") == true)
    }

    @Test("Rough edge: PUTs before the removal of -wal and -shm are kept, too")
    func removedWAL_losesNoEarlierPut() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        for number in 0..<20 {
            _ = try await store.apply(change("test", "c\(number)", "v"), deadline: patient())
        }
        _ = try await store.readRows(deadline: patient())
        for suffix in ["-wal", "-shm"] { #expect(unsafe unlink(path + suffix) == 0) }
        // A health check notices the loss.
        try await eventually { try await store.check(deadline: patient()) }
        #expect(try versionsAfterKill().count == 20)
    }

    @Test("Rough edge: a symlink that is re-pointed moves writer and reader together")
    func repointedLink_movesBothConnections() async throws {
        let other = "\(directory.path)/other.db"
        let link = "\(directory.path)/link.db"
        for (file, version) in [(path, "old"), (other, "new")] {
            let store = try SQLiteStore(path: file, logger: silent)
            try await put(version, into: store)
            store.close()
        }
        #expect(unsafe symlink(path, link) == 0)
        let log = LogRecorder()
        let store = try SQLiteStore(path: link, logger: log.logger)
        defer { store.close() }
        #expect(try await store.readRows(deadline: patient()).map(\.version) == ["old"])
        #expect(try await store.apply(change("test", "one", "old"), deadline: patient()) == .unchanged)
        #expect(unsafe unlink(link) == 0 && symlink(other, link) == 0)
        try await put("newer", into: store)
        #expect(try await versions(in: store) == ["newer"])
        #expect(
            try SQLiteConnection.open(path: path, create: false).integer(
                "SELECT count(*) FROM broadcastsv1 WHERE version = 'old'") == 1)
        #expect(log.lines.count == 2, "\(log.lines)")
    }

    @Test("Rough edge: a file made by root: the message names owner and user")
    func foreignOwner_isNamed() {
        #expect(
            FileAdvice.ownership(of: "/a.db-wal", owner: "root (0)", user: "megaphone (999)")
                == """
                ; /a.db-wal belongs to root (0), and this process runs as megaphone (999): change its owner
                """)
        #expect(
            FileAdvice.ownership(of: "/a.db", owner: "app (7)", user: "app (7)")
                == "; /a.db is not writable for its owner, app (7)")
    }

    @Test("Rough edge: FUSE: a disk I/O error says what to do")
    func fuse_isNamed() {
        let error = SQLiteError(code: SQLITE_IOERR | 21 << 8, message: "disk I/O error")
        let advice = "may lack the locks or the shared memory that SQLite needs: use a local file system"
        #expect(FileAdvice.fileSystem(0x6573_5546, error) == "; FUSE \(advice)")
        #expect(FileAdvice.fileSystem(0x6969, error) == "; NFS \(advice)")
        #expect(FileAdvice.fileSystem(0xEF53, error) == "; this file system \(advice)")
        let other = SQLiteError(code: SQLITE_IOERR | 1 << 8, message: "disk I/O error")
        #expect(FileAdvice.fileSystem(0x6573_5546, other) == "; FUSE \(advice)")
        #expect(FileAdvice.fileSystem(0xEF53, other).isEmpty)
    }

    @Test("Rough edge: the WAL shrinks after a long read has ended")
    func wal_shrinks() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        try await put("v1", into: store)
        let other = try SQLiteConnection.open(path: path, create: false)
        try other.execute("PRAGMA wal_autocheckpoint = 0")
        try other.execute("CREATE TABLE large (content)")
        // A backup holds a read transaction, so that no checkpoint can finish.
        let backup = try SQLiteConnection.open(path: path, create: false)
        try backup.execute("BEGIN")
        _ = try backup.integer("SELECT count(*) FROM broadcastsv1")
        try other.execute("INSERT INTO large VALUES (zeroblob(12000000))")
        #expect(try size(of: "\(path)-wal") > 12_000_000)
        try backup.execute("COMMIT")
        for number in 0..<3 { try await put("v\(number + 2)", into: store) }
        #expect(try size(of: "\(path)-wal") <= 1000 * 4096)
    }

    private func size(of path: String) throws -> Int {
        var status = stat()
        try #require(unsafe stat(path, &status) == 0)
        return Int(status.st_size)
    }
}
