import BlockingWork
import Broadcasts
import Randomness
import StoreAddress
import Synchronization
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Hold-back on several nodes over one database, in real time.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct HoldBackTests {
    private let database: MySQLTestDatabase
    private let stores: [MySQLStore]
    private static let interval = Duration.seconds(1)

    init() throws {
        let database = try MySQLTestDatabase()
        self.database = database
        stores = try (0..<3).map { _ in try database.store(additions: .all) }
    }

    private static func held(_ version: String, isUrgent: Bool = false) -> Change {
        var change = change("test", "one", version, historyLimit: 10_000)
        change.interval = interval
        change.isUrgent = isUrgent
        return change
    }

    /// What one node has seen, in order, without repetitions.
    private static func observe(_ store: MySQLStore, until end: Instant) async throws -> [String] {
        var seen: [String] = []
        while .now < end {
            guard let version = try await store.readRows(deadline: patient()).first?.version else { continue }
            if seen.last != version { seen.append(version) }
        }
        return seen
    }

    /// A storm of PUTs through all nodes: every node sees a part of one sequence of announcements, an
    /// interval apart, and in the end the last accepted version.
    @Test func storm_isOneSequence_onAllNodes() async throws {
        let end = Instant.now + .seconds(5)
        let number = Counter()
        let sequences = try await withThrowingTaskGroup { group in
            for store in stores {
                group.addTask { try await Self.observe(store, until: end + .seconds(3)) }
                group.addTask {
                    while .now < end {
                        _ = try? await store.apply(Self.held("v\(number.next())"), deadline: patient())
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    return []
                }
            }
            return try await group.reduce(into: [[String]]()) { if !$1.isEmpty { $0.append($1) } }
        }
        // The order in which the versions were accepted, and when each was to be announced.
        let accepted = try database.address.sql("SELECT version FROM megaphone_history ORDER BY id")
            .compactMap(\.self)
        let order = Dictionary(accepted.enumerated().map { ($1, $0) }) { first, _ in first }
        #expect(sequences.count == 3)
        for sequence in sequences {
            let places = try sequence.map { try #require(order[$0]) }
            #expect(places == places.sorted(), "a node went backwards")
            #expect((2...8).contains(sequence.count), "\(sequence)")
            #expect(sequence.last == accepted.last)
        }
        let announced = Set(sequences.joined())
        let times = try database.address.sql(
            """
            SELECT CONCAT(version, ' ', announce_at) FROM megaphone_history ORDER BY id
            """
        ).compactMap { $0?.split(separator: " ") }.filter { announced.contains(String($0[0])) }
            .compactMap { Int($0[1]) }.sorted()
        #expect(times.count == announced.count)
        for (one, next) in zip(times, times.dropFirst()) { #expect(next - one >= 1_000_000) }
        for store in stores { store.close() }
    }

    /// A server whose row is locked when a version is due: the read fails by its deadline, and shows nothing
    /// that is not announced.
    @Test func lockedRow_delaysTheAnnouncement() async throws {
        let store = stores[0]
        _ = try await store.apply(Self.held("v1"), deadline: patient())
        let outcome = try await store.apply(Self.held("v2"), deadline: patient())
        #expect(outcome.announceAt != nil)
        let sessions = SessionFactory(address: database.address, clock: .system, random: .system) { 0 }
        let session = try sessions.open(.opening, Interrupter())
        try session.connection.query("START TRANSACTION")
        try session.connection.query("SELECT * FROM broadcastsv1 FOR UPDATE")
        try await eventually {
            do {
                return try await store.readRows(deadline: soon(.milliseconds(300))).first?.version == "v2"
            } catch {
                // Due, and the row is locked.
                return true
            }
        }
        await #expect(throws: StoreError.self) {
            _ = try await store.readRows(deadline: soon(.milliseconds(300)))
        }
        try session.connection.query("ROLLBACK")
        #expect(try await store.readRows(deadline: patient()).first?.version == "v2")
        for store in stores { store.close() }
    }

    /// The columns vanish while the service runs: reads and plain PUTs go on without them.
    @Test func droppedColumns_endOnlyTheHold() async throws {
        let store = stores[0]
        _ = try await store.apply(Self.held("v1"), deadline: patient())
        _ = try await store.apply(Self.held("v2"), deadline: patient())
        #expect(try await store.readBoard(deadline: patient()).heldCount == 1)
        try database.address.sql(
            "ALTER TABLE broadcastsv1 DROP COLUMN shown, DROP COLUMN shown_at, DROP COLUMN announce_at")
        #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v2"])
        await #expect { try await store.apply(Self.held("v3"), deadline: patient()) } throws: {
            "\($0)".contains("hold_back needs columns")
        }
        #expect(try await store.apply(change("test", "one", "v3"), deadline: patient()) == .changed)
        for store in stores { store.close() }
    }
}

final class Counter: Sendable {
    private let value = Atomic(0)

    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}
