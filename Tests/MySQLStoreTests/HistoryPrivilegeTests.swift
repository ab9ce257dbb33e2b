import Broadcasts
import Randomness
import StoreAddress
import Synchronization
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Accounts without some right, and a history without its table: no PUT fails because of the history.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(1))) struct HistoryPrivilegeTests {
    private final class Failures: StoreObserver {
        private let number = Atomic(0)
        var count: Int { number.load(ordering: .relaxed) }
        func storeDidFinish(_ operation: StoreOperation, in duration: Duration, succeeded: Bool) {}
        func historyWasNotWritten() { number.add(1, ordering: .relaxed) }
    }

    private let database: MySQLTestDatabase
    private let user = "u\(UInt32.random(in: 0 ... .max))"
    private let manual = ManualClock()
    private let log = LogRecorder()
    private let failures = Failures()

    init() throws {
        database = try MySQLTestDatabase()
        try MySQLStore.migrate(database.address, logger: silent)
        try database.address.sql("CREATE USER \(user) IDENTIFIED BY 'secret-word'")
        try grant("SELECT, INSERT, UPDATE, DELETE", on: "broadcastsv1")
        try grant("SELECT", on: "megaphone_migrations")
        try grant("SELECT, INSERT, DELETE", on: "megaphone_history")
    }

    private func grant(_ rights: String, on table: String) throws {
        try database.address.sql("GRANT \(rights) ON \(database.address.database).\(table) TO \(user)")
    }

    private func revoke(_ rights: String, on table: String) throws {
        try database.address.sql("REVOKE \(rights) ON \(database.address.database).\(table) FROM \(user)")
    }

    /// Runs the body with a store whose clock is `manual`, so that the pause of a session needs no waiting.
    private func withStore(_ body: (MySQLStore) async throws -> Void) async throws {
        defer { _ = try? database.address.sql("DROP USER \(user)") }
        let store = try MySQLStore(
            address: database.address.with(user: user, password: "secret-word"), poolSize: 1, migrate: true,
            additions: .history, observer: failures, clock: Clock(manual), random: .system,
            logger: log.logger)
        defer { store.close() }
        try await body(store)
    }

    private func put(_ version: String, _ store: MySQLStore) async throws -> ChangeOutcome {
        let change = change("test", "one", version, historyLimit: 5)
        return try await store.apply(change, deadline: manual.now + .seconds(20))
    }

    /// The entries, oldest first: `previous>version`.
    private func entries() throws -> [String?] {
        try database.address.sql(
            "SELECT CONCAT(IFNULL(previous, '-'), '>', version) FROM megaphone_history ORDER BY id")
    }

    private var warnings: [String] { log.lines.filter { $0.hasPrefix("warning") } }

    @Test func deletionWithoutTheRight_saysWhatToGrant_andPUTsGoOn() async throws {
        try revoke("DELETE", on: "broadcastsv1")
        try await withStore { store async throws in
            #expect(try await put("v1", store) == .created)
            let removal = deletion("test", "one", historyLimit: 5)
            for _ in 0..<2 {
                await #expect {
                    try await store.apply(removal, deadline: manual.now + .seconds(20))
                } throws: {
                    "\($0)".contains("GRANT DELETE")
                }
            }
            #expect(try await put("v2", store) == .changed)
            #expect(try entries() == ["->v1", "v1>v2"])
            #expect(failures.count == 0)
        }
    }

    enum Obstacle: CaseIterable {
        case noRight
        case noTable
    }

    @Test(arguments: Obstacle.allCases)
    func historyThatCannotBeWritten_isLeftOut_andRecovers(obstacle: Obstacle) async throws {
        try await withStore { store async throws in
            #expect(try await put("v1", store) == .created)
            switch obstacle {
            case .noRight: try revoke("INSERT", on: "megaphone_history")
            case .noTable: try database.address.sql("RENAME TABLE megaphone_history TO aside")
            }
            for number in 2...4 { #expect(try await put("v\(number)", store) == .changed) }
            #expect(try await put("v4", store) == .unchanged)
            switch obstacle {
            case .noRight: try grant("INSERT", on: "megaphone_history")
            case .noTable: try database.address.sql("RENAME TABLE aside TO megaphone_history")
            }
            #expect(try await put("v5", store) == .changed)
            #expect(try entries() == ["->v1"], "the session tries again later")
            #expect(failures.count == 4)
            manual.advance(by: .seconds(10))
            #expect(try await put("v6", store) == .changed)
            #expect(try entries() == ["->v1", "v5>v6"])
            #expect(failures.count == 4)
            #expect(warnings.count == 1, "\(warnings)")
            #expect(warnings.first?.contains("not recorded in the history") ?? false)
        }
    }

    @Test func historyThatCannotBeTrimmed_isNotWritten_untilItCan() async throws {
        try revoke("DELETE", on: "megaphone_history")
        try await withStore { store async throws in
            var number = 0
            // A change in sixteen removes old entries, after its answer.
            try await eventually {
                number += 1
                _ = try await put("v\(number)", store)
                return warnings.contains { $0.contains("Cannot remove old entries") }
            }
            let count = try entries().count
            for _ in 0..<3 {
                number += 1
                #expect(try await put("v\(number)", store) == .changed)
            }
            #expect(try entries().count <= count + 1, "one change may have been under way")
            #expect(warnings.count { $0.contains("not recorded in the history") } == 1, "\(warnings)")
            try grant("DELETE", on: "megaphone_history")
            manual.advance(by: .seconds(10))
            #expect(try await put("last", store) == .changed)
            #expect(try entries().last == "v\(number)>last")
        }
    }

    @Test func startWithoutTheRightToCreate_isReported_andServes() async throws {
        try database.address.sql("DROP TABLE megaphone_history")
        try await withStore { store async throws in
            let line = await log.line(containing: "megaphone_history cannot be created")
            #expect(line.contains("run megaphone migrate as a user with the CREATE privilege"))
            #expect(try await put("v1", store) == .created)
            #expect(try await store.readRows(deadline: manual.now + .seconds(20)).count == 1)
            // Now the table is made by an administrator.
            try MySQLStore.migrate(database.address, logger: silent)
            manual.advance(by: .seconds(10))
            #expect(try await put("v2", store) == .changed)
            #expect(try entries() == ["v1>v2"])
        }
    }
}
