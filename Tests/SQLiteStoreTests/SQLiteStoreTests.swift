import Broadcasts
import Glibc
import Synchronization
import TestSupport
import Testing
import Time

@testable import SQLiteStore

@Suite(.timeLimit(.minutes(1))) struct SQLiteStoreTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/megaphone.db"
    }

    @Test func put_leavesLastUpdatedAlone_whenTheVersionIsEqual() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        let connection = try SQLiteConnection.open(path: path)
        try connection.execute("UPDATE broadcastsv1 SET created = 'then', last_updated = 'then'")
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        #expect(try connection.text("SELECT last_updated FROM broadcastsv1") == "then")
        _ = try await store.apply(change("test", "one", "v1"), deadline: patient())
        #expect(try connection.text("SELECT last_updated FROM broadcastsv1") != "then")
        #expect(try connection.text("SELECT created FROM broadcastsv1") == "then")
    }

    @Test func open_setsWALAndFullSync() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        let session = try SQLiteSession.open(
            path: path, at: .start(.history), deadline: patient(), clock: .system)
        #expect(try session.connection.text("PRAGMA journal_mode") == "wal")
        // 2 is FULL. With less, a power failure may lose acknowledged commits.
        #expect(try session.connection.integer("PRAGMA synchronous") == 2)
    }

    @Test func init_saysWhy_whenTheDirectoryIsMissing() {
        expectRefusal(of: "\(directory.path)/missing/megaphone.db", saying: "No such file or directory")
    }

    @Test func init_saysWhy_whenThePathIsADirectory() {
        expectRefusal(of: directory.path, saying: "cannot be opened")
    }

    @Test func init_saysWhy_whenTheFileIsNotADatabase() throws {
        try directory.write(String(repeating: "no database\n", count: 1_000), to: "megaphone.db")
        expectRefusal(of: path, saying: "is not an SQLite database")
    }

    @Test func init_refusesANewerSchema() throws {
        try SQLiteConnection.open(path: path).execute("PRAGMA user_version = 99")
        expectRefusal(of: path, saying: "schema has version 99")
        let connection = try SQLiteConnection.open(path: path)
        #expect(try connection.integer("SELECT count(*) FROM sqlite_master") == 0)
    }

    @Test func put_saysLocked_withinItsDeadline_whileAnotherProcessHoldsTheLock() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        let other = try SQLiteConnection.open(path: path)
        try other.execute("BEGIN IMMEDIATE")
        try await OwnThread.run {
            let began = Instant.now
            await #expect {
                _ = try await store.apply(change("test", "one", "v1"), deadline: began + .seconds(2))
            } throws: { error in
                "\(error)".contains("is locked by another process")
            }
            #expect(began.duration(to: .now) < .seconds(2) + lateness)
        }
        #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v0"])
        try other.execute("COMMIT")
        #expect(try await store.apply(change("test", "one", "v1"), deadline: patient()) == .changed)
    }

    @Test(arguments: [["", "-wal", "-shm"], [""]])
    func removedFile_failsEveryCall_isLoggedOnce_andIsReopenedWhenRestored(suffixes: [String]) async throws {
        let log = LogRecorder()
        let store = try SQLiteStore(path: path, logger: log.logger)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        _ = try await store.readRows(deadline: patient())
        for suffix in suffixes { _ = unsafe rename(path + suffix, path + ".old" + suffix) }
        for _ in 0..<5 {
            await #expect(throws: StoreError.self) { try await store.readRows(deadline: patient()) }
            await #expect(throws: StoreError.self) {
                try await store.apply(change("test", "one", "lost"), deadline: patient())
            }
            await #expect(throws: StoreError.self) { try await store.check(deadline: patient()) }
        }
        #expect(unsafe access(path, F_OK) != 0, "the file must not be created again")
        #expect(log.lines.count { $0.hasPrefix("error") && $0.contains("removed") } == 1)
        for suffix in suffixes { _ = unsafe rename(path + ".old" + suffix, path + suffix) }
        #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v0"])
        #expect(try await store.apply(change("test", "one", "v1"), deadline: patient()) == .changed)
        try await store.check(deadline: patient())
        #expect(log.lines.count == 2, "\(log.lines)")
    }

    @Test func emptyFileInPlaceOfTheDatabase_failsCalls_andStaysEmpty() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        for suffix in ["", "-wal", "-shm"] { _ = unsafe rename(path + suffix, path + ".old" + suffix) }
        try directory.write("", to: "megaphone.db")
        await #expect(throws: StoreError.self) { try await store.readRows(deadline: patient()) }
        await #expect(throws: StoreError.self) {
            try await store.apply(change("test", "one", "lost"), deadline: patient())
        }
        #expect(try SQLiteConnection.open(path: path).integer("SELECT count(*) FROM sqlite_master") == 0)
    }

    @Test func readBoard_returnsTheSameBoard_whenNothingChanged() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        let first = try await store.readBoard(deadline: patient())
        #expect(try await store.readBoard(deadline: patient()) === first)
        _ = try await store.apply(change("test", "one", "v1"), deadline: patient())
        #expect(try await store.readBoard(deadline: patient()) !== first)
    }

    @Test func transaction_storesNothing_afterAnError() throws {
        let connection = try SQLiteConnection.open(path: path)
        try connection.execute("CREATE TABLE numbers (number INTEGER UNIQUE)")
        #expect(throws: SQLiteError.self) {
            try connection.withTransaction { connection throws(SQLiteError) in
                try connection.execute("INSERT INTO numbers VALUES (1)")
                try connection.execute("INSERT INTO numbers VALUES (1)")
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM numbers") == 0)
        try connection.withTransaction { connection throws(SQLiteError) in
            try connection.execute("INSERT INTO numbers VALUES (1)")
        }
        #expect(try connection.integer("SELECT count(*) FROM numbers") == 1)
    }

    @Test func readRows_seesCommitsOfAnotherConnection() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        let other = try SQLiteConnection.open(path: path)
        for number in 0..<5 {
            try other.execute(
                """
                INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('a', '\(number)', 'v')
                """)
            #expect(try await store.readRows(deadline: patient()).count == number + 1)
            #expect(try await store.readRows(deadline: patient()).count == number + 1)
        }
        try other.execute("DELETE FROM broadcastsv1")
        #expect(try await store.readRows(deadline: patient()).isEmpty)
    }

    @Test func nonconformingRows_areReadUnchanged() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        try SQLiteConnection.open(path: path).execute(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version)
            VALUES ('a b', 'c/ü', ''), (CAST(x'FF41' AS TEXT), 'n', 5)
            """)
        let rows = try await store.readRows(deadline: patient())
        #expect(rows.contains(BoardRow(broadcasterID: "a b", channelID: "c/ü", version: "")))
        #expect(rows.contains(BoardRow(broadcasterID: "\u{FFFD}A", channelID: "n", version: "5")))
    }

    @Test func fullDisk_isExplained() throws {
        let connection = try SQLiteConnection.open(path: path)
        try connection.execute("CREATE TABLE large (content)")
        try connection.execute("PRAGMA max_page_count = 3")
        #expect {
            try connection.execute("INSERT INTO large VALUES (zeroblob(1000000))")
        } throws: { error in
            (error as? SQLiteError)?.explained(path: "x").contains("the disk is full") ?? false
        }
    }

    @Test func operations_areReported_withTheirOutcome() async throws {
        let observer = Recorder()
        let store = try SQLiteStore(path: ":memory:", observer: observer, logger: silent)
        try await store.check(deadline: patient())
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        _ = try await store.readRows(deadline: patient())
        store.close()
        _ = try? await store.readRows(deadline: patient())
        let seen = observer.seen.withLock { $0 }
        #expect(seen == ["check true", "put true", "read true", "read false"])
    }

    @Test func close_removesTheWAL() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        _ = try await store.readRows(deadline: patient())
        store.close()
        #expect(unsafe access("\(path)-wal", F_OK) != 0, "closing the last connection removes the WAL")
    }

    private func expectRefusal(of path: String, saying text: String) {
        #expect {
            try SQLiteStore(path: path, logger: silent)
        } throws: { error in
            guard case StoreError.failed(let message) = error else { return false }
            return message.contains(path) && message.contains(text)
        }
    }
}

extension SQLiteConnection {
    /// Returns the text in the first column of the first row.
    func text(_ sql: String) throws(SQLiteError) -> String {
        let statement = try prepare(sql)
        _ = try statement.step()
        return statement.text(at: 0)
    }
}

private final class Recorder: StoreObserver {
    let seen = Mutex<[String]>([])

    func storeDidFinish(_ operation: StoreOperation, in duration: Duration, succeeded: Bool) {
        seen.withLock { $0.append("\(operation) \(succeeded)") }
    }

    func historyWasNotWritten() { seen.withLock { $0.append("no history") } }
}

extension SQLiteConnection {
    /// Opens a file, and creates it if it does not exist.
    static func open(path: String) throws(SQLiteError) -> SQLiteConnection {
        try open(path: path, create: true)
    }
}
