import BlockingWork
import Broadcasts
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// A semi-synchronous primary without its replica: commits hang, and their sessions stay on the server after
/// the client has gone.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct HangingCommitTests {
    private static let poolSize = 4

    @Test func hangingCommits_leaveABoundedNumberOfSessions_andReadsWork() async throws {
        let server = try DatabaseServer("--log-bin=log", "--server-id=1")
        let address = server.address
        try MySQLStore.migrate(address, logger: silent)
        let store = try MySQLStore(address: address, poolSize: Self.poolSize, migrate: false, logger: silent)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v"), deadline: patient())
        // MariaDB only: MySQL needs a plugin.
        let enable = [
            "SET GLOBAL rpl_semi_sync_master_timeout = 600000", "SET GLOBAL rpl_semi_sync_master_enabled = 1",
        ]
        guard (try? address.sql(enable[0])) != nil else { return }
        try address.sql(enable[1])

        let end = soon(.seconds(6))
        try await withThrowingTaskGroup { group in
            for writer in 0..<2 * Self.poolSize {
                group.addTask {
                    var number = 0
                    while Instant.now < end {
                        number += 1
                        let hanging = change("test", "c\(writer)", "\(number)")
                        _ = try? await store.apply(hanging, deadline: soon(.milliseconds(300)))
                    }
                }
            }
            group.addTask {
                while Instant.now < end {
                    _ = try await store.readRows(deadline: patient())
                    let sessions = try address.sql(
                        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()")
                    let count = try #require(sessions.first?.flatMap { Int($0) })
                    // Those of the pool, as many left behind, two probes, and the one of this query.
                    #expect(count <= 2 * Self.poolSize + 4)
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            try await group.waitForAll()
        }
    }
}
