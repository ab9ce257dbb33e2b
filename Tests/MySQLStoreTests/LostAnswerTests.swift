import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Guarded writes whose connection breaks in the middle.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(3))) struct LostAnswerTests {
    private let database: MySQLTestDatabase
    private let proxy: FaultProxy
    private let store: MySQLStore
    /// A store with a connection of its own, to look at the result.
    private let direct: MySQLStore

    init() throws {
        database = try MySQLTestDatabase()
        proxy = try FaultProxy(to: database.address.port)
        store = try MySQLStore(
            address: database.address.with(port: proxy.port), poolSize: 1, migrate: true, logger: silent)
        direct = try database.store()
    }

    private func tag(_ version: String) throws -> Precondition.Tags {
        let content = Board.content(of: try #require(ChannelName("test/one")), version: version)
        return .list([EntityTag(text: content.entityTag, isWeak: false)])
    }

    private func version() async throws -> String? {
        try await direct.readRows(deadline: patient()).first?.version
    }

    private func entries() throws -> Int {
        let count = try database.address.sql("SELECT COUNT(*) FROM megaphone_history").first ?? nil
        return count.flatMap { Int($0) } ?? 0
    }

    /// Runs the operation while the connection is cut after each of many numbers of bytes: in the last 800,
    /// which are those of the transaction, every seventh, and fewer during the login.
    private func cutEverywhere(
        _ direction: FaultProxy.Direction, seed: TestSeed, _ operation: (_ run: Int) async throws -> Void
    ) async throws {
        var run = 0
        func isCut(after length: Int) async throws -> Bool {
            proxy.set(.cut(after: length, direction))
            run += 1
            try await operation(run)
            return proxy.hasCut
        }
        // Finds the number of bytes of a login and one operation.
        var (low, high) = (0, 8192)
        while high - low > 1 {
            let middle = (low + high) / 2
            if try await isCut(after: middle) { low = middle } else { high = middle }
        }
        #expect(low > 300, "a login and a write are longer than that")
        var generator = seed.generator
        var length = Int.random(in: 0..<64, using: &generator)
        while length <= low {
            _ = try await isCut(after: length)
            length += length < low - 800 ? 64 : 7
        }
        proxy.set(.none)
    }

    private func close() async {
        store.close()
        direct.close()
        await proxy.waitUntilUnused()
        proxy.end()
    }

    @Test(arguments: FaultProxy.Direction.allCases, TestSeed.drawn())
    func conditionalPUT_succeeds_withOneEntry(direction: FaultProxy.Direction, seed: TestSeed) async throws {
        _ = try await direct.apply(change("test", "one", "v0", historyLimit: 10_000), deadline: patient())
        try await cutEverywhere(direction, seed: seed) { run async throws in
            let change = change(
                "test", "one", "v\(run)", Precondition(ifMatch: try tag("v\(run - 1)")),
                historyLimit: 10_000, requestID: "r\(run)")
            let outcome = try await store.apply(change, deadline: patient())
            #expect(outcome == .changed, "run \(run)")
            #expect(try await version() == "v\(run)")
            #expect(try entries() == run + 1)
        }
        await close()
    }

    @Test(arguments: FaultProxy.Direction.allCases, TestSeed.drawn())
    func plainPUTAndDELETE_succeed_withOneEntry(direction: FaultProxy.Direction, seed: TestSeed) async throws
    {
        try await cutEverywhere(direction, seed: seed) { run async throws in
            if run % 2 == 1 {
                let change = change("test", "one", "v\(run)", historyLimit: 10_000)
                #expect(try await store.apply(change, deadline: patient()) == .created, "run \(run)")
            } else {
                let removal = deletion("test", "one", historyLimit: 10_000)
                #expect(try await store.apply(removal, deadline: patient()) == .deleted, "run \(run)")
            }
            #expect(try await version() == (run % 2 == 1 ? "v\(run)" : nil))
            #expect(try entries() == run)
        }
        await close()
    }

    @Test(arguments: FaultProxy.Direction.allCases, TestSeed.drawn())
    func creation_isAcknowledged_orOpen_butNeverRefused(
        direction: FaultProxy.Direction, seed: TestSeed
    ) async throws {
        try await cutEverywhere(direction, seed: seed) { run async throws in
            let change = change(
                "test", "one", "v\(run)", Precondition(ifNoneMatch: .any), historyLimit: 10_000)
            let outcome = try? await store.apply(change, deadline: patient())
            let version = try await version()
            if let outcome {
                #expect(outcome == .created && version == "v\(run)", "run \(run)")
            } else {
                // The outcome is open: the row is there or not.
                #expect(version == nil || version == "v\(run)", "run \(run)")
            }
            _ = try await direct.apply(deletion("test", "one"), deadline: patient())
        }
        await close()
    }
}
