import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Returns the number of descriptors or threads of this process. Takes the minimum over 200 ms, because the
/// end of a thread or a descriptor cannot be awaited.
private func settledCount(of directory: String) async throws -> Int {
    var fewest = Int.max
    for _ in 0..<20 {
        fewest = min(fewest, entries(of: "/proc/self/\(directory)").count)
        try await Task.sleep(for: .milliseconds(10))
    }
    return fewest
}

/// Faults of the network between store and database.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(3))) struct FaultProxyTests {
    private let database: MySQLTestDatabase
    private let proxy: FaultProxy
    private let log = LogRecorder()

    init() throws {
        database = try MySQLTestDatabase()
        proxy = try FaultProxy(to: database.address.port)
    }

    private static let poolSize = 8

    private func makeStore() throws -> MySQLStore {
        try MySQLStore(
            address: database.address.with(port: proxy.port), poolSize: Self.poolSize, migrate: true,
            logger: log.logger)
    }

    /// Runs as many PUTs at once as there may be sessions, so that each session is used.
    private func putOnEverySession(_ store: MySQLStore, deadline: Duration) async throws {
        proxy.set(.delay(.milliseconds(5)))
        defer { proxy.set(.none) }
        try await OwnThread.run {
            try await withThrowingTaskGroup { group in
                for channel in 0..<Self.poolSize {
                    group.addTask {
                        _ = try await store.apply(
                            change("test", "c\(channel)", "v"), deadline: soon(deadline))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Expects that a closed store has no thread left and no connection at the proxy, which a leaked
    /// descriptor would keep open.
    private func expectNothingLeft(of store: MySQLStore) async {
        store.close()
        #expect(store.pool.threadCount == 0)
        await proxy.waitUntilUnused()
        proxy.end()
    }

    /// Runs reads and PUTs, each of which must end by its deadline.
    private func callDuringFault(_ store: MySQLStore, rounds: Int) async throws {
        try await OwnThread.run {
            for round in 0..<rounds {
                let began = Instant.now
                async let rows = try? store.readRows(deadline: began + .milliseconds(250))
                _ = try? await store.apply(
                    change("test", "one", "r\(round)"), deadline: began + .seconds(1))
                #expect(began.duration(to: .now) < .seconds(1) + lateness)
                _ = await rows
            }
        }
    }

    @Test(arguments: [FaultProxy.Fault.refuse, .silence, .reset])
    func fault_holdsNoCallerBeyondItsDeadline_andStoreRecoversWithinTwoSeconds(fault: FaultProxy.Fault)
        async throws
    {
        let store = try makeStore()
        try await putOnEverySession(store, deadline: .seconds(20))
        #expect(store.pool.threadCount == Self.poolSize + 1, "one more is the timekeeper")
        proxy.set(fault)
        try await callDuringFault(store, rounds: 5)
        await #expect(throws: StoreError.self) { try await store.check(deadline: soon(.seconds(1))) }
        proxy.set(.none)
        try await OwnThread.run { try await putUntilItWorks(store, "v1", within: .seconds(2)) }
        // Idle sessions are broken, too, but no call may exceed its deadline because of them.
        try await putOnEverySession(store, deadline: .seconds(1))
        #expect(try await store.readRows(deadline: patient()).count == Self.poolSize + 1)
        await expectNothingLeft(of: store)
    }

    @Test func slowNetwork_isNoOutage() async throws {
        let store = try makeStore()
        proxy.set(.delay(.milliseconds(20)))
        for number in 0..<5 {
            _ = try await store.apply(change("test", "one", "v\(number)"), deadline: soon(.seconds(2)))
        }
        #expect(!log.lines.contains { $0.contains("down") })
        await expectNothingLeft(of: store)
    }

    /// Runs in a process of its own, because it counts descriptors and threads, and other tests have some.
    @Test func outages_leakNoDescriptorAndNoThread() async {
        await #expect(processExitsWith: .success) {
            let database = try MySQLTestDatabase()
            var left: [[Int]] = []
            // The first rounds open what the libraries keep for the life of the process.
            for _ in 0..<4 {
                let proxy = try FaultProxy(to: database.address.port)
                let store = try MySQLStore(
                    address: database.address.with(port: proxy.port), poolSize: 3, migrate: true,
                    logger: silent)
                for fault in [FaultProxy.Fault.silence, .refuse, .reset] {
                    proxy.set(fault)
                    for _ in 0..<4 {
                        _ = try? await store.apply(
                            change("test", "one", "v0"), deadline: soon(.milliseconds(200)))
                    }
                    proxy.set(.none)
                    try await putUntilItWorks(store, "v1", within: .seconds(5))
                }
                store.close()
                await proxy.waitUntilUnused()
                proxy.end()
                left.append([try await settledCount(of: "fd"), try await settledCount(of: "task")])
            }
            #expect(left[3][0] <= left[1][0] && left[3][1] <= left[1][1], "\(left)")
        }
    }

    @Test(arguments: FaultProxy.Direction.allCases)
    func put_succeeds_whereverItsConnectionIsCut(direction: FaultProxy.Direction) async throws {
        let store = try makeStore()
        _ = try await store.apply(change("test", "one", "v"), deadline: patient())
        var length = 0
        repeat {
            // The current session is reset, so the connection that is cut begins with the login.
            proxy.set(.cut(after: length, direction))
            let version = "v\(length)"
            _ = try await store.apply(change("test", "one", version), deadline: patient())
            let rows = try await store.readRows(deadline: patient())
            #expect(rows.map(\.version) == [version], "cut after \(length) bytes")
            length += 1
        } while proxy.hasCut
        #expect(length > 300, "a login and a PUT are longer than that")
        proxy.set(.none)
        await expectNothingLeft(of: store)
    }
}
