import Broadcasts
import StoreAddress
import TestSupport
import Testing

@testable import MySQLStore

/// Servers that answer and store nothing: the check must say what a PUT would meet.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct WritabilityTests {
    private let server: DatabaseServer
    private let plain: MySQLAddress

    init() throws {
        server = try DatabaseServer()
        plain = server.address.with(user: "plain", password: "plain")
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'",
            "GRANT SELECT, INSERT, UPDATE ON \(server.address.database).* TO plain")
        try MySQLStore.migrate(server.address, logger: silent)
    }

    /// Expects that a PUT and a check fail, the PUT with this code, and that reads work.
    private func expectRefusal(_ code: String) async throws {
        let store = try MySQLStore(address: plain, poolSize: 2, migrate: false, logger: silent)
        defer { store.close() }
        for _ in 0..<3 {
            await #expect {
                try await store.apply(change("test", "one", "v"), deadline: patient())
            } throws: { "\($0)".contains("(\(code))") }
            await #expect(throws: StoreError.self) { try await store.check(deadline: patient()) }
            #expect(try await store.readRows(deadline: patient()).isEmpty)
        }
    }

    @Test func innoDBReadOnly_failsTheCheck() async throws {
        try server.restart("--innodb-read-only")
        let store = try MySQLStore(address: plain, poolSize: 2, migrate: false, logger: silent)
        defer { store.close() }
        await #expect(throws: StoreError.self) {
            try await store.apply(change("test", "one", "v"), deadline: patient())
        }
        await #expect(throws: StoreError.self) { try await store.check(deadline: patient()) }
        #expect(try await !store.readOnce(deadline: patient()).takesWrites)
    }

    @Test func missingPrivilege_failsTheCheck() async throws {
        try server.address.sql("REVOKE UPDATE ON \(server.address.database).* FROM plain")
        try await expectRefusal("1142")
    }

    @Test func readOnlySchema_failsTheCheck() async throws {
        // MySQL only.
        guard (try? server.address.sql("ALTER SCHEMA \(server.address.database) READ ONLY = 1")) != nil else {
            return
        }
        try await expectRefusal("3989")
    }

    /// The count is shared by all sessions of the server, whatever program they belong to.
    @Test func usedUpPreparedStatements_changeNothing() async throws {
        try server.address.sql("SET GLOBAL max_prepared_stmt_count = 0")
        let store = try MySQLStore(address: plain, poolSize: 2, migrate: false, logger: silent)
        defer { store.close() }
        let all = String(decoding: Array(0...127 as ClosedRange<UInt8>), as: UTF8.self)
        for version in [all, "v", "'); DROP TABLE broadcastsv1; --", "\\'"] {
            #expect(
                try await store.apply(change("test", "one", version), deadline: patient())
                    == (version == all ? .created : .changed))
            #expect(
                try await store.apply(change("test", "one", version), deadline: patient()) == .unchanged)
            #expect(try await store.readRows(deadline: patient()).map(\.version) == [version])
        }
        try await store.check(deadline: patient())
    }
}
