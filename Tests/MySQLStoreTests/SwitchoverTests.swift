import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Servers that take no writes: a former primary behind a proxy that leads to the new one by now, and a
/// primary that is read-only for a while.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct SwitchoverTests {
    private let log = LogRecorder()

    /// Starts a server with an account that `read_only` applies to, and with the tables.
    private func makeServer() throws -> DatabaseServer {
        let server = try DatabaseServer()
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'", "GRANT ALL ON \(server.address.database).* TO plain")
        try MySQLStore.migrate(server.address, logger: silent)
        return server
    }

    private func makeStore(port: UInt16, on server: DatabaseServer, poolSize: Int = 4) throws -> MySQLStore {
        let plain = server.address.with(port: port, user: "plain", password: "plain")
        return try MySQLStore(address: plain, poolSize: poolSize, migrate: false, logger: log.logger)
    }

    private func lines(containing text: String) -> Int {
        log.lines.count { $0.contains(text) }
    }

    /// Number of logins since the server's start: connections are numbered.
    private func logins(to server: DatabaseServer) throws -> Int {
        let number = try server.address.sql("SELECT CONNECTION_ID()").first ?? nil
        return try #require(number.flatMap { Int($0) })
    }

    @Test func reads_leaveAFormerPrimary_andNoBoardOfItIsFresh() async throws {
        let (old, new) = (try makeServer(), try makeServer())
        let proxy = try FaultProxy(to: old.port)
        defer { proxy.end() }
        let store = try makeStore(port: proxy.port, on: old)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "old"), deadline: patient())
        #expect(try await store.readOnce(deadline: patient()).takesWrites)

        try old.address.sql("SET GLOBAL read_only = 1")
        proxy.lead(to: new.port)
        try new.address.sql(
            "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('a', 'b', 'new')")
        try await eventually {
            let read = try await store.readOnce(deadline: patient())
            let isNew = read.board.rows.map(\.version) == ["new"]
            #expect(read.takesWrites == isNew)
            return isNew
        }
        #expect(lines(containing: "takes no writes") == 1)
        #expect(lines(containing: "takes writes again") == 1)
    }

    @Test func firstPUTs_afterASwitch_areStoredOnTheNewPrimary() async throws {
        let (old, new) = (try makeServer(), try makeServer())
        let proxy = try FaultProxy(to: old.port)
        defer { proxy.end() }
        let store = try makeStore(port: proxy.port, on: old)
        defer { store.close() }
        /// Four PUTs at once.
        func put(_ version: String) async throws {
            try await withThrowingTaskGroup { group in
                for channel in 0..<4 {
                    group.addTask {
                        let version = change("test", "c\(channel)", version)
                        _ = try await store.apply(version, deadline: patient())
                    }
                }
                try await group.waitForAll()
            }
        }
        try await put("old")
        try old.address.sql("SET GLOBAL read_only = 1")
        proxy.lead(to: new.port)
        try await put("new")
        #expect(try new.address.sql("SELECT COUNT(*) FROM broadcastsv1 WHERE version = 'new'") == ["4"])
    }

    @Test(arguments: [true, false])
    func readOnlyServer_isReportedByEachRead(isEmpty: Bool) async throws {
        let server = try makeServer()
        let store = try makeStore(port: server.port, on: server)
        defer { store.close() }
        if !isEmpty { _ = try await store.apply(change("test", "one", "v"), deadline: patient()) }
        try server.address.sql("SET GLOBAL read_only = 1")
        for _ in 0..<5 { #expect(try await !store.readOnce(deadline: patient()).takesWrites) }
        #expect(try await store.readRows(deadline: patient()).isEmpty == isEmpty)
        try server.address.sql("SET GLOBAL read_only = 0")
        #expect(try await store.readOnce(deadline: patient()).takesWrites)
        #expect(lines(containing: "takes no writes") == 1)
    }

    /// Each refusal once made all sessions outdated: the reads of a busy node then waited for logins.
    @Test func refusedPUTs_causeFewLogins() async throws {
        let server = try makeServer()
        let store = try makeStore(port: server.port, on: server)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v"), deadline: patient())
        try server.address.sql("SET GLOBAL read_only = 1")
        let before = try logins(to: server)
        let began = Instant.now
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 {
                        _ = try? await store.apply(change("test", "one", "w"), deadline: patient())
                        _ = try? await store.readRows(deadline: patient())
                    }
                }
            }
        }
        let intervals = began.duration(to: .now) / Circuit.searchInterval
        let count = try logins(to: server) - before
        // Four sessions open and are replaced once, then one in each interval. The query itself logs in, too.
        #expect(Double(count) <= 20 + intervals, "\(count) logins for 400 refusals")
    }
}
