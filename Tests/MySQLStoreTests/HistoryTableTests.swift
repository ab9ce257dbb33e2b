import BlockingWork
import Randomness
import StoreAddress
import Synchronization
import TestSupport
import Testing
import Time

@testable import Broadcasts
@testable import MySQLStore

/// The table of changes, when it is missing or the account may not use it.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct HistoryTableTests {
    private let server: DatabaseServer
    private let plain: MySQLAddress
    private let log = LogRecorder()
    private let counter = FailureCounter()

    init() throws {
        server = try DatabaseServer()
        plain = server.address.with(user: "plain", password: "plain")
        try server.address.sql("CREATE USER plain IDENTIFIED BY 'plain'")
        try MySQLStore.migrate(server.address, logger: silent)
        try grant("SELECT, INSERT, UPDATE", on: "broadcastsv1")
        try grant("SELECT", on: "megaphone_migrations")
    }

    private func grant(_ privileges: String, on table: String) throws {
        try server.address.sql("GRANT \(privileges) ON \(server.address.database).\(table) TO plain")
    }

    private func revoke(_ privilege: String, on table: String) throws {
        try server.address.sql("REVOKE \(privilege) ON \(server.address.database).\(table) FROM plain")
    }

    private func withStore(_ body: (MySQLStore) async throws -> Void) async throws {
        let store = try MySQLStore(
            address: plain, poolSize: 2, migrate: true, observer: counter, logger: log.logger)
        defer { store.close() }
        try await body(store)
    }

    private func put(_ store: MySQLStore, _ version: String) async throws -> ChangeOutcome {
        try await store.apply(change("test", "one", version, historyLimit: 5), deadline: patient())
    }

    private func entries() throws -> String? {
        try server.address.sql("SELECT COUNT(*) FROM megaphone_history").first ?? nil
    }

    /// Makes the store open new sessions, which try to record again.
    private func renewSessions() throws {
        for id in try server.address.sql("SELECT id FROM information_schema.processlist WHERE user = 'plain'")
        {
            if let id { _ = try? server.address.sql("KILL \(id)") }
        }
    }

    @Test func tableThatMayNotBeWritten_isInNoPUTsWay_andIsReportedOnce() async throws {
        try await withStore { store async throws in
            for (number, version) in ["v1", "v2", "v3"].enumerated() {
                #expect(try await put(store, version) == (number == 0 ? .created : .changed))
            }
            #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v3"])
            // Counted and logged after the answer.
            try eventually { counter.failures == 3 }
            let warnings = log.lines.filter { $0.contains("Changes are not recorded in the history: ") }
            #expect(warnings.count == 1)
            // With the privileges, a new session records again.
            try grant("SELECT, INSERT, DELETE", on: "megaphone_history")
            try renewSessions()
            #expect(try await put(store, "v4") == .changed)
            #expect(try entries() == "1")
            #expect(counter.failures == 3)
        }
    }

    @Test func droppedTable_isInNoPUTsWay() async throws {
        try grant("SELECT, INSERT, DELETE", on: "megaphone_history")
        try await withStore { store async throws in
            #expect(try await put(store, "v1") == .created)
            try server.address.sql("DROP TABLE megaphone_history")
            #expect(try await put(store, "v2") == .changed)
            try eventually { counter.failures == 1 }
            // Reading shows the row as a change of another program.
            let query = HistoryQuery(try #require(ChannelName("test/one")), limit: 5, before: nil)
            let page = try await store.history(query, deadline: patient())
            #expect(page?.entries.map(\.version) == ["v2"])
            #expect(page?.entries.first?.id == nil)
        }
    }

    @Test func tableThatCannotBeTrimmed_isNotWritten() async throws {
        try grant("SELECT, INSERT", on: "megaphone_history")
        try await withStore { store async throws in
            // The first change also looks for channels that were deleted long ago; that does not fail yet. A
            // change in sixteen trims.
            var number = 0
            try await eventually {
                number += 1
                _ = try await put(store, "v\(number)")
                return counter.failures > 0
            }
            let count = try entries()
            _ = try await put(store, "last")
            #expect(try entries() == count)
            _ = await log.line(containing: "until the account has the DELETE privilege")
            try grant("DELETE", on: "megaphone_history")
            try renewSessions()
            _ = try await put(store, "recorded")
            #expect(try entries() != count)
        }
    }

    @Test func deletion_needsItsPrivilege_andSaysSo() async throws {
        try grant("SELECT, INSERT, DELETE", on: "megaphone_history")
        try await withStore { store async throws in
            _ = try await put(store, "v1")
            await #expect {
                try await store.apply(deletion("test", "one", historyLimit: 5), deadline: patient())
            } throws: { "\($0)".contains("GRANT DELETE ON broadcastsv1") }
            #expect(try await put(store, "v2") == .changed)
            try grant("DELETE", on: "broadcastsv1")
            try renewSessions()
            #expect(
                try await store.apply(deletion("test", "one", historyLimit: 5), deadline: patient())
                    == .deleted)
        }
    }

    @Test func missingRightToCreateTheTable_isAWarning() async throws {
        try server.address.sql("DROP TABLE megaphone_history")
        try await withStore { store async throws in
            _ = await log.line(containing: "the table megaphone_history cannot be created")
            #expect(try await put(store, "v1") == .created)
        }
    }

    @Test func historyOfADeletedChannel_isRemovedAfter90Days() async throws {
        let store = try MySQLStore(address: server.address, poolSize: 2, migrate: true, logger: silent)
        defer { store.close() }
        func apply(_ change: Change) async throws { _ = try await store.apply(change, deadline: patient()) }
        for channel in ["old", "recent", "again", "foreign"] {
            try await apply(change("test", channel, "v1", historyLimit: 5))
            try await apply(deletion("test", channel, historyLimit: 5))
        }
        try await apply(change("test", "again", "v2", historyLimit: 5))
        try server.address.sql(
            "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('test', 'foreign', 'v2')",
            """
            UPDATE megaphone_history SET at = at - INTERVAL 91 DAY WHERE bchannel_id <> 'recent'
            """)
        let change = change("test", "other", "v1", historyLimit: 5)
        let session = try SessionFactory(address: server.address, clock: .system, random: .system) { 0 }
            .open(.opening, Interrupter())
        var work = HistoryUpkeep.Work()
        work.removesDeletedChannels = true
        try session.trim(change, work)
        let left = try server.address.sql("SELECT DISTINCT bchannel_id FROM megaphone_history ORDER BY 1")
        #expect(left == ["again", "foreign", "recent"])
    }
}

private final class FailureCounter: StoreObserver {
    private let count = Atomic(0)

    var failures: Int { count.load(ordering: .sequentiallyConsistent) }

    func storeDidFinish(_ operation: StoreOperation, in duration: Duration, succeeded: Bool) {}

    func historyWasNotWritten() { count.add(1, ordering: .sequentiallyConsistent) }
}
