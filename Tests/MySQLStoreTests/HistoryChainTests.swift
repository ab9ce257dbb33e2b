import Broadcasts
import StoreAddress
import Synchronization
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// The history of several nodes on one database, under faults and beside nodes of Mozilla's Megaphone.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(3))) struct HistoryChainTests {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let database: MySQLTestDatabase
    private let proxy: FaultProxy
    private let stores: [MySQLStore]

    init() throws {
        database = try MySQLTestDatabase()
        proxy = try FaultProxy(to: database.address.port)
        let proxied = database.address.with(port: proxy.port)
        stores = try [database.address, database.address, proxied].map {
            try MySQLStore(address: $0, poolSize: 4, migrate: true, logger: silent)
        }
    }

    /// Runs the clients. Meanwhile, `interfere` runs again and again, about once in 20 ms.
    private func run(
        _ clients: [@Sendable () async throws -> Void],
        interfere: @escaping @Sendable (_ round: Int) throws -> Void
    ) async throws {
        defer {
            for store in stores { store.close() }
            proxy.end()
        }
        let end = Flag()
        try await withThrowingTaskGroup { group in
            group.addTask {
                var round = 0
                while !end.isSet.load(ordering: .relaxed) {
                    round += 1
                    try interfere(round)
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            try await withThrowingTaskGroup { clientGroup in
                for client in clients {
                    clientGroup.addTask { try await client() }
                }
                try await clientGroup.waitForAll()
            }
            end.isSet.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
    }

    /// Writes as a node of Mozilla's Megaphone does.
    private func overwrite(_ channel: String, _ version: String) throws {
        try database.address.sql(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) \
            VALUES ('test', '\(channel)', '\(version)') ON DUPLICATE KEY UPDATE version = '\(version)'
            """)
    }

    @Test(arguments: TestSeed.drawn())
    func chain_isUnbroken_overRandomChangesWithFaults(seed: TestSeed) async throws {
        let ledger = ChangeLedger()
        let clients = (0..<8).map { number -> @Sendable () async throws -> Void in
            let store = stores[number % 3]
            return {
                var changes = RandomChanges("client\(number)", seed)
                try await changes.run(RandomChanges.total / 8, on: store, ledger)
            }
        }
        let generator = Mutex(seed.generator)
        try await run(clients) { [database, proxy] round in
            let (draw, channel) = generator.withLock {
                (
                    Int.random(in: 0..<2_000, using: &$0),
                    RandomChanges.channels.randomElement(using: &$0) ?? "a"
                )
            }
            try overwrite(channel, "foreign\(round)")
            if round % 5 == 0 { _ = try? database.killSessions() }
            proxy.set(.interrupt(after: draw, round % 2 == 0 ? .toServer : .toClient))
        }
        #expect(ledger.total == RandomChanges.total)
        #expect(ledger.writtenCount > RandomChanges.total / 4)
        let reader = try database.store()
        defer { reader.close() }
        var chains: [HistoryChain] = []
        for channel in RandomChanges.channels { chains.append(try await .read(channel, from: reader)) }
        #expect(chains.flatMap(\.problems) == [])
        #expect(ledger.problems(chains) == [])
        let foreign = chains.flatMap(\.entries).count { isForeign($0.previous) }
        #expect(foreign > 10, "changes of the other program are not recorded, but what replaced them says so")
    }

    @Test func compareAndSet_losesNoStep_besideAnotherProgram() async throws {
        let (ledger, end) = (ChangeLedger(), soon(.seconds(5)))
        _ = try await stores[0].apply(change("test", "counter", "foreign.0"), deadline: patient())
        let clients = (0..<16).map { number -> @Sendable () async throws -> Void in
            let store = stores[number % 3]
            return {
                var sent = 0
                while Instant.now < end {
                    let row = try await store.readRows(deadline: patient()).first
                    let present = row?.version ?? ""
                    let count = present.split(separator: ".").compactMap { Int($0) }.first ?? 0
                    sent += 1
                    // No two clients send the same version: an equal one would be a success of both.
                    let next = change(
                        "test", "counter", "\(count + 1).\(number).\(sent)",
                        Precondition(ifMatch: try entityTags("counter", present)), historyLimit: 1_000_000,
                        requestID: "\(number)-\(sent)")
                    await ledger.apply(next, on: store)
                }
            }
        }
        try await run(clients) { round in
            if round % 10 == 0 { try overwrite("counter", "foreign.\(round * 1_000)") }
        }
        let reader = try database.store()
        defer { reader.close() }
        let chain = try await HistoryChain.read("counter", from: reader)
        // The first entry replaced what was there before the history began.
        #expect(chain.problems == [])
        #expect(chain.missteps == [])
        #expect(ledger.problems([chain]) == [])
        #expect(chain.entries.count == ledger.writtenCount, "without faults, each outcome is known")
        #expect(ledger.writtenCount > 50)
    }

    @Test("Canary: a broken chain is found")
    func brokenChain_isFound() {
        func entry(_ id: Int, _ previous: String?, _ version: String?) -> HistoryEntry {
            HistoryEntry(id: id, version: version, previous: previous, time: nil, requestID: "r\(id)")
        }
        func problems(_ present: String?, _ entries: HistoryEntry...) -> Int {
            HistoryChain(entries: entries, present: present).problems.count
        }
        let first = entry(1, nil, "1.a")
        #expect(problems("1.a", first) == 0)
        #expect(problems("2.a", first, entry(2, "1.a", "2.a")) == 0)
        #expect(problems("2.a", first, entry(2, "foreign", "2.a")) == 0)
        #expect(problems("foreign", first) == 0)
        #expect(problems(nil, first, entry(2, "1.a", nil)) == 0)
        #expect(problems("2.a", first, entry(2, "1.b", "2.a")) == 1, "a change is missing")
        #expect(problems("2.a", first, entry(2, nil, "2.a")) == 1, "a deletion is missing")
        #expect(problems("2.a", first) == 1, "the last change is missing")
        #expect(problems(nil, first) == 1)
        #expect(problems("1.a", first, entry(2, "1.a", "1.a")) == 1)
        #expect(problems("2.a", first, entry(1, "1.a", "2.a")) == 1)
        let steps = [first, entry(2, "1.a", "2.b"), entry(3, "foreign.7", "8.c"), entry(4, "8.c", "10.c")]
        #expect(HistoryChain(entries: steps, present: nil).missteps == ["10.c over 8.c"])
    }
}
