import Broadcasts
import StoreAddress
import TestSupport
import Testing

@testable import MySQLStore

@Suite(.needsServer, .timeLimit(.minutes(2))) struct MySQLSchemaTests {
    let database: MySQLTestDatabase

    init() throws {
        database = try MySQLTestDatabase()
    }

    private func number(_ sql: String) throws -> Int? {
        try database.address.sql(sql).first?.flatMap { Int($0) }
    }

    @Test(arguments: ["latin1", "utf8mb4", "utf8"])
    func originalDatabase_isAdoptedInPlace(characterSet: String) async throws {
        try OriginalDatabase.make(at: database.address, characterSet: characterSet)
        let old = "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version)"
        try database.address.sql(
            "\(old) VALUES ('a', 'B', 'v1'), ('remote-settings', 'monitor_changes', '\"1740558489816\"')",
            "UPDATE broadcastsv1 SET created = '2018-03-01 00:00:00', last_updated = '2019-03-01 00:00:00'")
        let store = try database.store()
        defer { store.close() }
        let rows = try await store.readRows(deadline: patient())
        #expect(
            Set(rows) == [
                BoardRow(broadcasterID: "a", channelID: "B", version: "v1"),
                BoardRow(
                    broadcasterID: "remote-settings", channelID: "monitor_changes",
                    version: "\"1740558489816\""),
            ])
        #expect(try await store.apply(change("a", "b", "v2"), deadline: patient()) == .created)
        #expect(try await store.apply(change("a", "B", "v1"), deadline: patient()) == .unchanged)
        let untouched = "SELECT COUNT(*) FROM broadcastsv1 WHERE last_updated = '2019-03-01 00:00:00'"
        #expect(try number(untouched) == 2)
        #expect(try number("SELECT version FROM __diesel_schema_migrations") == 20_180_220_220_249)

        // A node of Mozilla's Megaphone keeps writing to the same table.
        try database.address.sql("\(old) VALUES ('a', 'b', 'v3') ON DUPLICATE KEY UPDATE version = 'v3'")
        let now = try await store.readRows(deadline: patient())
        #expect(now.contains(BoardRow(broadcasterID: "a", channelID: "b", version: "v3")))
    }

    @Test func originalDatabase_isAdopted_whenIDsAreNotASCII() async throws {
        let log = LogRecorder()
        try OriginalDatabase.make(at: database.address, characterSet: "utf8mb4")
        try database.address.sql(
            "SET NAMES utf8mb4",
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version)
            VALUES ('ü', 'x', 'ä\\n'), ('a b', 'ok', ''), ('fine', 'one', 'v1')
            """)
        let store = try database.store(logger: log.logger)
        defer { store.close() }
        for _ in 0..<3 {
            let rows = try await store.readRows(deadline: patient())
            #expect(rows.contains(BoardRow(broadcasterID: "ü", channelID: "x", version: "ä\n")))
            #expect(rows.count == 3)
        }
        let warnings = log.lines.filter { $0.hasPrefix("warning") && $0.contains("another program") }
        #expect(warnings.count == 2, "each nonconforming row is logged once")
        #expect(!warnings.contains { $0.contains("\n") })
        #expect(try await store.apply(change("fine", "ONE", "v1"), deadline: patient()) == .created)
    }

    @Test func manyNodes_mayMigrateAtOnce() async throws {
        try OriginalDatabase.make(at: database.address)
        let address = database.address
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { try MySQLStore.migrate(address, logger: silent) }
            }
            try await group.waitForAll()
        }
        #expect(try number("SELECT COUNT(*) FROM megaphone_migrations") == MySQLSchema.knownVersion)
    }

    @Test func migration_resumes_whereADeadNodeStopped() async throws {
        try MySQLStore.migrate(database.address, logger: silent)
        for left in 0..<MySQLSchema.knownVersion {
            try database.address.sql("DELETE FROM megaphone_migrations WHERE number > \(left)")
            try MySQLStore.migrate(database.address, logger: silent)
        }
        let store = try database.store()
        defer { store.close() }
        #expect(try await store.apply(change("test", "one", "v0"), deadline: patient()) == .created)
    }

    @Test func start_fails_whenTheSchemaIsNewer() throws {
        try MySQLStore.migrate(database.address, logger: silent)
        try database.address.sql("INSERT INTO megaphone_migrations (number, name) VALUES (99, 'the future')")
        expectStartFails(migrate: true, saying: "version 99, newer than")
        #expect(throws: StoreError.self) { try MySQLStore.migrate(database.address, logger: silent) }
    }

    @Test func start_fails_whenTheSchemaIsOlder_withoutMigrate() throws {
        expectStartFails(migrate: false, saying: "run megaphone migrate")
        #expect(try database.address.sql("SHOW TABLES").isEmpty)
    }

    @Test func userWithoutDDLPrivileges_servesOnlyAnUpToDateSchema() async throws {
        let user = "u\(UInt32.random(in: 0 ... .max))"
        let name = database.address.database
        try database.address.sql(
            "CREATE USER '\(user)'@'%' IDENTIFIED BY 'secret-word'",
            "GRANT SELECT, INSERT, UPDATE ON \(name).* TO '\(user)'@'%'")
        let address = database.address.with(user: user, password: "secret-word")
        defer { _ = try? database.address.sql("DROP USER '\(user)'@'%'") }

        let log = LogRecorder()
        let early = try MySQLStore(address: address, poolSize: 2, migrate: true, logger: log.logger)
        defer { early.close() }
        await #expect(throws: StoreError.self) { try await early.check(deadline: patient()) }
        #expect(
            log.lines.contains {
                $0.contains("denied") && $0.contains(user) && $0.contains("run megaphone migrate as a user")
            })

        try MySQLStore.migrate(database.address, logger: silent)
        for migrate in [true, false] {
            let store = try MySQLStore(address: address, poolSize: 2, migrate: migrate, logger: silent)
            defer { store.close() }
            _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
            try await store.check(deadline: patient())
        }
        #expect(!log.lines.contains { $0.contains("secret-word") })
    }

    private func expectStartFails(migrate: Bool, saying text: String) {
        #expect {
            try database.store(migrate: migrate)
        } throws: { error in
            guard case StoreError.failed(let message) = error else { return false }
            return message.contains(text)
        }
    }
}
