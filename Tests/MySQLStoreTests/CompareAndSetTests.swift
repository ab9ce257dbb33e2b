import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Conditional writes by many clients on several nodes, with other programs on the same table.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(3))) struct CompareAndSetTests {
    private static let channel = "counter"
    private let database: MySQLTestDatabase
    private let stores: [MySQLStore]

    init() throws {
        let database = try MySQLTestDatabase()
        self.database = database
        stores = try (0..<3).map { _ in try database.store() }
    }

    private func close() { for store in stores { store.close() } }

    private static func tag(_ version: String) throws -> Precondition.Tags {
        let content = Board.content(of: try #require(ChannelName("test/\(channel)")), version: version)
        return .list([EntityTag(text: content.entityTag, isWeak: false)])
    }

    /// Increments the counter until the deadline. Returns the number of successes. Each client writes its name
    /// behind the number: two clients that send the same version both succeed.
    private static func count(
        on store: MySQLStore, as name: String, until deadline: Instant
    ) async throws -> Int {
        var successes = 0
        while .now < deadline {
            let version = try await store.readRows(deadline: patient()).first?.version ?? ""
            guard let number = number(version) else { continue }
            let change = change(
                "test", channel, "\(number + 1) \(name)", Precondition(ifMatch: try tag(version)),
                historyLimit: 10_000)
            switch try await store.apply(change, deadline: patient()) {
            case .changed: successes += 1
            case .preconditionFailed: continue
            case let other: Issue.record("\(other)")
            }
        }
        return successes
    }

    private static func number(_ version: String) -> Int? {
        version.split(separator: " ").first.flatMap { Int($0) }
    }

    /// Each success is one step, also while the original's statement adds 1,000,000 now and then.
    @Test func sixteenClients_loseNoStep() async throws {
        _ = try await stores[0].apply(
            change("test", Self.channel, "0", historyLimit: 10_000), deadline: patient())
        let end = Instant.now + .seconds(4)
        let jumps = 5
        let successes = try await withThrowingTaskGroup { group in
            for number in 0..<16 {
                let store = stores[number % 3]
                group.addTask { try await Self.count(on: store, as: "\(number)", until: end) }
            }
            group.addTask { [database] in
                for _ in 0..<jumps {
                    try await Task.sleep(for: .milliseconds(500))
                    // What the original does, as one statement: it asks for no version.
                    try database.address.sql(
                        "UPDATE broadcastsv1 SET version = CONCAT(SUBSTRING_INDEX(version, ' ', 1) + 1000000, ' old')"
                    )
                }
                return 0
            }
            return try await group.reduce(0, +)
        }
        let version = try await stores[0].readRows(deadline: patient()).first?.version ?? ""
        #expect(Self.number(version) == successes + jumps * 1_000_000)
        #expect(successes > 100)
        try expectChain(["counter"], foreign: jumps)
        close()
    }

    /// Expects that each entry replaced the version of the one before, but for changes of other programs.
    private func expectChain(_ channels: [String], foreign: Int) throws {
        var breaks = 0
        for channel in channels {
            let entries = try database.address.sql(
                """
                SELECT CONCAT(IFNULL(previous, '-'), '|', IFNULL(version, '-')) FROM megaphone_history
                WHERE bchannel_id = '\(channel)' ORDER BY id
                """
            ).compactMap(\.self).map { $0.split(separator: "|") }
            for (older, newer) in zip(entries, entries.dropFirst()) where older[1] != newer[0] { breaks += 1 }
        }
        #expect(breaks <= foreign)
    }

    /// Random operations of several nodes while sessions are killed: no change is recorded twice, none is
    /// lost.
    @Test(arguments: TestSeed.drawn())
    func randomOperations_leaveAnUnbrokenChain(seed: TestSeed) async throws {
        let channels = ["a", "b", "c"]
        try await withThrowingTaskGroup { group in
            for worker in 0..<6 {
                let (store, source) = (stores[worker % 3], TestSeed(seed.value &+ UInt64(worker)))
                group.addTask { try await Self.work(store, channels, worker, source) }
            }
            group.addTask { [database] in
                for _ in 0..<15 {
                    try await Task.sleep(for: .milliseconds(60))
                    _ = try? database.killSessions()
                }
            }
            try await group.waitForAll()
        }
        try expectChain(channels, foreign: 0)
        close()
    }

    private static func work(
        _ store: MySQLStore, _ channels: [String], _ worker: Int, _ seed: TestSeed
    ) async throws {
        var generator = seed.generator
        for step in 0..<150 {
            let channel = channels.randomElement(using: &generator) ?? "a"
            let version = "\(worker).\(step)"
            let conditions = [
                Precondition(), Precondition(ifMatch: .any), Precondition(ifNoneMatch: .any),
            ]
            let condition = conditions.randomElement(using: &generator) ?? Precondition()
            let isDeletion = Int.random(in: 0..<6, using: &generator) == 0
            let change =
                isDeletion
                ? deletion("test", channel, historyLimit: 100_000)
                : TestSupport.change("test", channel, version, condition, historyLimit: 100_000)
            // An error leaves the outcome open; the chain holds all the same.
            _ = try? await store.apply(change, deadline: patient())
        }
    }
}
