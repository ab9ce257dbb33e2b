import BlockingWork
import Broadcasts
import Randomness
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

@Suite(.needsServer, .timeLimit(.minutes(2))) struct MySQLStoreTests {
    let database: MySQLTestDatabase

    init() throws {
        database = try MySQLTestDatabase()
    }

    @Test func put_leavesLastUpdatedAlone_whenTheVersionIsEqual() async throws {
        let store = try database.store()
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        try database.address.sql("UPDATE broadcastsv1 SET last_updated = '2001-01-01 00:00:00'")
        let old = "SELECT COUNT(*) FROM broadcastsv1 WHERE last_updated = '2001-01-01 00:00:00'"
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        #expect(try database.address.sql(old) == ["1"])
        _ = try await store.apply(change("test", "one", "V0"), deadline: patient())
        #expect(try database.address.sql(old) == ["0"])
    }

    @Test func open_setsTheSessionVariables() throws {
        let isMariaDB = try database.address.sql("SELECT @@version").first??.contains("MariaDB") ?? false
        let session = try SessionFactory(address: database.address, clock: .system, random: .system) { 0 }
            .open(Interrupter())
        let expected = [
            "@@session.autocommit": "1", "@@session.time_zone": "+00:00",
            "@@session.character_set_client": "utf8mb4", "@@session.character_set_results": "utf8mb4",
            "@@session.innodb_lock_wait_timeout": "1", "@@session.lock_wait_timeout": "1",
            "@@session.sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
            isMariaDB ? "@@session.tx_isolation" : "@@session.transaction_isolation": "REPEATABLE-READ",
            isMariaDB ? "@@session.wsrep_sync_wait" : "@@session.max_execution_time": isMariaDB
                ? "7" : "10000",
        ]
        for (variable, value) in expected {
            try session.connection.query("SELECT \(variable)")
            let answer = session.connection.nextRow() ? session.connection.text(at: 0) : nil
            #expect(answer == value, "\(variable)")
        }
    }

    @Test func refusedLogin_isLoggedWithUserAndAddress_withoutThePassword() async throws {
        let log = LogRecorder()
        let address = database.address.with(user: "nobody", password: "correct-horse")
        let store = try MySQLStore(address: address, poolSize: 2, migrate: true, logger: log.logger)
        defer { store.close() }
        let line = await log.line(containing: "The database server refuses this service")
        #expect(line.contains("as nobody") && line.contains("127.0.0.1:\(address.port)"))
        await #expect {
            try await store.check(deadline: patient())
        } throws: { error in
            guard case StoreError.unavailable(let reason) = error else { return false }
            return reason.contains("nobody")
        }
        #expect(!log.lines.contains { $0.contains("correct-horse") })
        #expect {
            try MySQLStore.migrate(address, logger: silent)
        } throws: { error in
            "\(error)".contains("nobody") && !"\(error)".contains("correct-horse")
        }
    }

    @Test func storeOnAMissingDatabase_isDown_andWorksOnceItIsCreated() async throws {
        let log = LogRecorder()
        let name = database.address.database + "_later"
        let store = try MySQLStore(
            address: database.address.with(database: name), poolSize: 2, migrate: true, logger: log.logger)
        defer { store.close() }
        #expect(await log.line(containing: "The database server refuses this service").contains("1049"))
        try database.address.sql("CREATE DATABASE \(name)")
        defer { _ = try? database.address.sql("DROP DATABASE \(name)") }
        _ = await log.line(containing: "Database connection restored")
        #expect(try await store.apply(change("test", "one", "v0"), deadline: patient()) == .created)
    }

    @Test func put_works_afterAllSessionsWereKilled() async throws {
        let store = try database.store()
        defer { store.close() }
        for number in 0..<5 {
            try await withThrowingTaskGroup { group in
                for channel in 0..<8 {
                    group.addTask {
                        let version = change("test", "c\(channel)", "v\(number)")
                        _ = try await store.apply(version, deadline: soon(.seconds(2)))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try database.killSessions() > 0)
        }
    }

    @Test func put_reportsALockedRow_beforeTheDeadline_withoutAnOutage() async throws {
        let store = try database.store()
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        let other = try MySQLConnection.open(
            database.address, limits: .migrating, interrupter: Interrupter())
        try other.query("START TRANSACTION")
        try other.query("SELECT * FROM broadcastsv1 WHERE bchannel_id = 'one' FOR UPDATE")
        for _ in 0..<Circuit.failureLimit {
            await #expect {
                _ = try await store.apply(change("test", "one", "v1"), deadline: soon(.seconds(3)))
            } throws: { error in
                guard case StoreError.failed(let reason) = error else { return false }
                return reason.contains("1205")
            }
        }
        #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v0"])
        try await store.check(deadline: patient())
        try other.query("ROLLBACK")
        #expect(try await store.apply(change("test", "one", "v1"), deadline: patient()) == .changed)
    }

    @Test func lockedTable_neverHoldsACallerBeyondItsDeadline() async throws {
        let log = LogRecorder()
        let store = try database.store(logger: log.logger)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        let other = try MySQLConnection.open(
            database.address, limits: .migrating, interrupter: Interrupter())
        try other.query("LOCK TABLES broadcastsv1 WRITE")
        try await OwnThread.run {
            for _ in 0..<3 {
                let began = Instant.now
                await #expect(throws: StoreError.self) {
                    try await store.readRows(deadline: began + .milliseconds(250))
                }
                #expect(began.duration(to: .now) < .milliseconds(250) + lateness)
            }
        }
        try other.query("UNLOCK TABLES")
        try await OwnThread.run { try await putUntilItWorks(store, "v1", within: .seconds(2)) }
    }

    @Test func put_succeeds_despiteDeadlocks() async throws {
        let stores = [try database.store(), try database.store()]
        defer { for store in stores { store.close() } }
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let version = change("test", "c\(number % 3)", "v\(number)")
                    _ = try await stores[number % 2].apply(version, deadline: patient())
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func pool_growsToItsLimit_andNoFurther() async throws {
        let store = try database.store(poolSize: 3)
        defer { store.close() }
        try await withThrowingTaskGroup { group in
            for number in 0..<300 {
                group.addTask {
                    _ = try await store.apply(change("test", "c\(number)", "v0"), deadline: patient())
                }
            }
            try await group.waitForAll()
        }
        let sessions = try database.sessionIDs()
        #expect((1...3).contains(sessions.count))
    }

    @Test func close_endsEverySession() async throws {
        let store = try database.store()
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        store.close()
        // The server notices the disconnect a moment later.
        let end = soon(.seconds(10))
        var left = try database.sessionIDs()
        while !left.isEmpty, Instant.now < end { left = try database.sessionIDs() }
        #expect(left.isEmpty)
    }

    @Test func unixSocket_isUsed_whenTheAddressHasOne() async throws {
        let socket = try #require(TestServer.variable("MEGAPHONE_TEST_MYSQL_SOCKET"))
        let address = database.address.with(host: "", socket: socket)
        let store = try MySQLStore(address: address, poolSize: 1, migrate: true, logger: silent)
        defer { store.close() }
        #expect(try await store.apply(change("test", "one", "v0"), deadline: patient()) == .created)
    }

}

/// Repeats a PUT until it succeeds. Records an issue if none does within the limit.
func putUntilItWorks(
    _ store: MySQLStore, _ version: String, within limit: Duration
) async throws {
    let began = Instant.now
    while began.duration(to: .now) < limit {
        let deadline = soon(.milliseconds(500))
        if (try? await store.apply(change("test", "one", version), deadline: deadline)) != nil { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("no PUT worked within \(limit)")
}
