import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Guarded changes beside locks, races, old tables and servers that take no writes.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct GuardedWriteTests {
    private let database: MySQLTestDatabase

    init() throws {
        database = try MySQLTestDatabase()
    }

    private func recorded(_ version: String, _ precondition: Precondition = Precondition()) -> Change {
        change("test", "one", version, precondition, historyLimit: 100)
    }

    /// The number of entries of all channels.
    private func entryCount() throws -> Int? {
        try database.address.sql("SELECT COUNT(*) FROM megaphone_history").first?.flatMap { Int($0) }
    }

    // MARK: - Locks and races

    /// Returns a session that holds the lock of the row.
    private func lockRow() throws -> MySQLConnection {
        let holder = try MySQLConnection.open(
            database.address, limits: .opening, interrupter: Interrupter())
        try holder.query("START TRANSACTION")
        try holder.query("SELECT version FROM broadcastsv1 WHERE bchannel_id = 'one' FOR UPDATE")
        return holder
    }

    @Test func changeOfALockedRow_waits_andIsRecordedOnce() async throws {
        let store = try database.store()
        defer { store.close() }
        _ = try await store.apply(recorded("v1"), deadline: patient())
        let holder = try lockRow()
        let precondition = Precondition(ifMatch: try entityTags("one", "v1"))
        async let outcome = store.apply(recorded("v2", precondition), deadline: patient())
        // The first attempt times out after a second, a later one succeeds.
        try eventually {
            // Not innodb_trx, which is not renewed while it is read more often than every 0.1 s.
            try database.address.sql(
                "SHOW GLOBAL STATUS WHERE Variable_name = 'Innodb_row_lock_current_waits' AND Value = '1'"
            )
            .count == 1
        }
        try holder.query("ROLLBACK")
        #expect(try await outcome == .changed)
        #expect(try entryCount() == 2)
    }

    @Test func changeOfARowThatStaysLocked_failsByItsDeadline_andWritesNothing() async throws {
        let store = try database.store()
        defer { store.close() }
        _ = try await store.apply(recorded("v1"), deadline: patient())
        let holder = try lockRow()
        let changes = [
            recorded("v2"), recorded("v2", Precondition(ifMatch: .any)),
            deletion("test", "one", historyLimit: 9),
        ]
        let failures = await withTaskGroup { group in
            for change in changes {
                group.addTask {
                    do {
                        _ = try await store.apply(change, deadline: soon(.seconds(2)))
                        return ""
                    } catch {
                        return "\(error)"
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(
            failures.count { $0.contains("Lock wait timeout") || $0.contains("in time") } == 3, "\(failures)")
        try holder.query("ROLLBACK")
        #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v1"])
        #expect(try entryCount() == 1)
    }

    /// The locking reads of an absent row do not exclude each other, so most creators lose a deadlock first.
    @Test func creationRaceOfSixteen_onThreeStores_hasOneWinnerAndNoError() async throws {
        let stores = try (0..<3).map { _ in try database.store(poolSize: 8) }
        defer { for store in stores { store.close() } }
        for round in 0..<10 {
            let outcomes = try await withThrowingTaskGroup { group in
                for number in 0..<16 {
                    let change = change(
                        "test", "c\(round)", "v\(number)", Precondition(ifNoneMatch: .any), historyLimit: 100)
                    let store = stores[number % 3]
                    group.addTask { try await store.apply(change, deadline: patient()) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let version = try await stores[0].readRows(deadline: patient()).first {
                $0.channelID == "c\(round)"
            }?.version
            let tag = try entityTags("c\(round)", try #require(version))
            #expect(outcomes.count { $0 == .created } == 1)
            #expect(
                outcomes.count { outcome in
                    guard case .preconditionFailed(let text?) = outcome else { return false }
                    return tag == .list([EntityTag(text: text, isWeak: false)])
                } == 15)
        }
        #expect(try entryCount() == 10)
    }

    // MARK: - Adopted tables

    @Test(arguments: ["latin1", "utf8", "utf8mb4"])
    func versionOfAnotherProgram_canBeChangedAndDeleted(characterSet: String) async throws {
        try OriginalDatabase.make(at: database.address, characterSet: characterSet)
        // A version that our rules reject, trailing spaces, none, and all that fits.
        let texts = ["é\n", "€\u{81}ÿ", "v  ", "", String(repeating: "ü", count: 200), "v\0"]
        for (number, text) in texts.enumerated() {
            let hexadecimal = literal(Array(text.utf8))
            try database.address.sql(
                """
                INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) \
                VALUES ('test', 'c\(number)', CONVERT(\(hexadecimal) USING utf8mb4))
                """)
        }
        let store = try database.store()
        defer { store.close() }
        for number in texts.indices {
            let channel = "c\(number)"
            let rows = try await store.readRows(deadline: patient())
            let present = try #require(rows.first { $0.channelID == channel }?.version)
            #expect(present == texts[number])
            let mismatch = Precondition(ifMatch: try entityTags(channel, present + " "))
            let match = Precondition(ifMatch: try entityTags(channel, present))
            func apply(_ change: Change) async throws -> ChangeOutcome {
                try await store.apply(change, deadline: patient())
            }
            if case .preconditionFailed = try await apply(
                change("test", channel, "w", mismatch, historyLimit: 9))
            {
            } else {
                Issue.record("a tag that does not match")
            }
            if number % 2 == 0 {
                #expect(try await apply(change("test", channel, "w", match, historyLimit: 9)) == .changed)
            } else {
                #expect(try await apply(deletion("test", channel, match, historyLimit: 9)) == .deleted)
            }
            let chain = try await HistoryChain.read(channel, from: store)
            #expect(chain.entries.map(\.previous) == [present])
        }
    }

    // MARK: - Servers that take no writes

    /// A decision that writes nothing would otherwise be made from the old row of a former primary: the PUT
    /// of a version that the new primary has replaced would be acknowledged and not stored.
    @Test func decisionOnAServerThatTakesNoWrites_fails() async throws {
        let server = try DatabaseServer()
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'", "GRANT ALL ON \(server.address.database).* TO plain")
        let plain = server.address.with(user: "plain", password: "plain")
        let store = try MySQLStore(address: plain, poolSize: 2, migrate: true, logger: silent)
        defer { store.close() }
        _ = try await store.apply(recorded("v1"), deadline: patient())
        try server.address.sql("SET GLOBAL read_only = 1")
        let changes = [
            recorded("v1"), recorded("v2", Precondition(ifNoneMatch: .any)),
            recorded("v2", Precondition(ifMatch: try entityTags("one", "v0"))),
            deletion("test", "other", historyLimit: 9),
        ]
        for change in changes {
            await #expect(throws: StoreError.self) {
                try await store.apply(change, deadline: soon(.milliseconds(300)))
            }
        }
        try server.address.sql("SET GLOBAL read_only = 0")
        try await eventually {
            try await store.apply(recorded("v1"), deadline: patient()) == .unchanged
        }
    }
}
