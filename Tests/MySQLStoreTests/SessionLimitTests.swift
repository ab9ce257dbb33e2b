import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Servers and accounts that allow fewer sessions than the pool may open.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct SessionLimitTests {
    private let log = LogRecorder()

    /// Runs PUTs and reads, more at once than there are sessions. All must succeed.
    private func useInParallel(_ store: MySQLStore) async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<60 {
                group.addTask {
                    _ = try await store.apply(change("test", "c\(number)", "v"), deadline: patient())
                    _ = try await store.readRows(deadline: patient())
                    try await store.check(deadline: patient())
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: [1, 3])
    func limitedAccount_makesCallsWait_andIsNoOutage(sessions: Int) async throws {
        let server = try DatabaseServer()
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain' WITH MAX_USER_CONNECTIONS \(sessions)",
            "GRANT ALL ON \(server.address.database).* TO plain")
        try MySQLStore.migrate(server.address, logger: silent)
        let plain = server.address.with(user: "plain", password: "plain")
        let store = try MySQLStore(address: plain, poolSize: 10, migrate: true, logger: log.logger)
        defer { store.close() }
        try await useInParallel(store)
        #expect(store.sessionCounts.idle + store.sessionCounts.busy <= sessions)
        let limits = log.lines.filter { $0.contains("No further session") }
        #expect(limits.count == 1 && limits.first?.contains("1226") ?? false, "\(limits)")
        #expect(!log.lines.contains { $0.contains("down") }, "\(log.lines)")
    }

    @Test func fullServer_makesCallsWait_andIsNoOutage() async throws {
        let server = try DatabaseServer("--max-connections=10")
        try MySQLStore.migrate(server.address, logger: silent)
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'", "GRANT ALL ON \(server.address.database).* TO plain")
        let plain = server.address.with(user: "plain", password: "plain")
        let store = try MySQLStore(address: plain, poolSize: 20, migrate: true, logger: log.logger)
        defer { store.close() }
        try await useInParallel(store)
        #expect(log.lines.contains { $0.contains("No further session") && $0.contains("1040") })
        #expect(!log.lines.contains { $0.contains("down") }, "\(log.lines)")
    }
}
