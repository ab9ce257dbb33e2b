import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Outages of the database. Each test starts a server of its own, so they run one after the other.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct OutageTests {
    private func makeStore(
        _ address: MySQLAddress, poolSize: Int = 4, _ log: LogRecorder = LogRecorder()
    ) throws -> MySQLStore {
        try MySQLStore(address: address, poolSize: poolSize, migrate: true, logger: log.logger)
    }

    /// Runs PUTs until the circuit is open, each of which must end by its deadline. Returns the errors.
    private func putUntilDown(_ store: MySQLStore, deadline: Duration) async -> [StoreError] {
        var errors: [StoreError] = []
        while errors.count < 20 {
            let began = Instant.now
            do throws(StoreError) {
                _ = try await store.apply(change("test", "one", "lost"), deadline: began + deadline)
            } catch {
                errors.append(error)
            }
            #expect(began.duration(to: .now) < deadline + lateness)
            if case .unavailable = errors.last { return errors }
        }
        return errors
    }

    @Test func pausedServer_holdsNoCallerBeyondItsDeadline_andStoreRecoversWithinTwoSeconds() async throws {
        let server = try DatabaseServer()
        let log = LogRecorder()
        let store = try makeStore(server.address, log)
        defer { store.close() }
        try await store.check(deadline: patient())
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())

        server.pause()
        log.clear()
        try await OwnThread.run {
            // Shorter than the client library's timeout, so that our deadline ends each call.
            let errors = await putUntilDown(store, deadline: .milliseconds(700))
            #expect(errors.count == Circuit.failureLimit + 1)
            #expect(errors.dropLast().allSatisfy { $0 == .deadlineExceeded })
            // The circuit is open: calls fail at once.
            let began = Instant.now
            for _ in 0..<50 {
                await #expect(throws: StoreError.self) {
                    try await store.readRows(deadline: soon(.milliseconds(250)))
                }
                await #expect(throws: StoreError.self) { try await store.check(deadline: soon(.seconds(1))) }
            }
            #expect(began.duration(to: .now) < .milliseconds(500))
        }
        _ = await log.line(containing: "The database is down")
        // The stuck threads end: their sockets are shut down, or their logins time out.
        try await OwnThread.run {
            let limit = soon(.seconds(2))
            while store.pool.threadCount > 1, Instant.now < limit {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(store.pool.threadCount == 1, "the timekeeper")
        }

        server.resume()
        let resumed = Instant.now
        try await OwnThread.run {
            try await putUntilItWorks(store, "v1", within: .seconds(2))
            try await store.check(deadline: resumed + .seconds(2))
        }
        #expect(log.lines.contains { $0.contains("Database connection restored") })
        store.close()
        #expect(store.pool.threadCount == 0)
    }

    @Test func killedServer_losesNoAcknowledgedPUT_andStoreRecoversWithinTwoSeconds()
        async throws
    {
        let server = try DatabaseServer()
        let store = try makeStore(server.address)
        defer { store.close() }
        for round in 0..<3 {
            _ = try await store.apply(change("test", "one", "v\(round)"), deadline: patient())
            try server.kill()
            try await OwnThread.run {
                _ = await putUntilDown(store, deadline: .seconds(1))
            }
            try server.start()
            try await OwnThread.run {
                let began = Instant.now
                var rows: [BoardRow]?
                while rows == nil, began.duration(to: .now) < .seconds(2) {
                    rows = try? await store.readRows(deadline: soon(.milliseconds(250)))
                    if rows == nil { try await Task.sleep(for: .milliseconds(10)) }
                }
                #expect(rows?.map(\.version) == ["v\(round)"])
            }
        }
    }

    @Test func start_succeedsWithoutAServer_andTheStoreWorksOnceItRuns() async throws {
        let server = try DatabaseServer()
        try server.kill()
        let log = LogRecorder()
        let store = try makeStore(server.address, log)
        defer { store.close() }
        #expect(await log.line(containing: "down").contains("127.0.0.1:\(server.address.port)"))
        await #expect(throws: StoreError.self) { try await store.check(deadline: patient()) }
        try server.start()
        try await OwnThread.run { try await putUntilItWorks(store, "v0", within: .seconds(2)) }
    }

    @Test func serverWithoutFreeConnections_isAnOutage_onlyForNewStores() async throws {
        let server = try DatabaseServer("--max-connections=10")
        let plain = server.address.with(user: "plain", password: "plain")
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'", "GRANT ALL ON \(server.address.database).* TO plain")
        let store = try makeStore(plain)
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        var held: [HeldConnection] = []
        while let connection = try? HeldConnection(plain) { held.append(connection) }

        // The store keeps its open sessions; only new ones are refused.
        _ = try await store.apply(change("test", "one", "v1"), deadline: soon(.seconds(1)))
        let newStore = try makeStore(plain)
        defer { newStore.close() }
        await #expect {
            try await newStore.check(deadline: soon(.seconds(1)))
        } throws: {
            "\($0)".contains("1040")
        }
        held = []
        try await OwnThread.run { try await putUntilItWorks(newStore, "v2", within: .seconds(2)) }
    }

    private final class HeldConnection {
        let connection: MySQLConnection

        init(_ address: MySQLAddress) throws {
            connection = try MySQLConnection.open(address, limits: .probing, interrupter: Interrupter())
        }
    }

    @Test func readOnlyServer_servesReads_andFailsPutAndCheck() async throws {
        let server = try DatabaseServer()
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'", "GRANT ALL ON \(server.address.database).* TO plain")
        let store = try makeStore(server.address.with(user: "plain", password: "plain"))
        defer { store.close() }
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        try server.address.sql("SET GLOBAL read_only = 1")
        for _ in 0..<5 {
            await #expect {
                try await store.apply(change("test", "one", "v1"), deadline: patient())
            } throws: { "\($0)".contains("read-only") || "\($0)".contains("1290") }
            await #expect {
                try await store.check(deadline: patient())
            } throws: { "\($0)".contains("read-only") }
            #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v0"])
        }
        try server.address.sql("SET GLOBAL read_only = 0")
        #expect(try await store.apply(change("test", "one", "v1"), deadline: patient()) == .changed)
        try await store.check(deadline: patient())
    }
}
