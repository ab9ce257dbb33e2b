import Broadcasts
import TestSupport
import Testing
import Time

@testable import MySQLStore

@Suite struct HistoryTests {
    private static let start = Instant.now

    /// `w1 0 2` is a write of 1 from second 0 to second 2, `r1` a read of 1, `r-` a read that finds no row.
    /// `w1 0 -` was not acknowledged.
    private func history(_ operations: [String]) -> History {
        History(
            operations: operations.map { text in
                let words = text.split(separator: " ").map(String.init)
                let instants = words.dropFirst().map { Int($0).map { Self.start + .seconds($0) } }
                let value = String(words[0].dropFirst())
                return History.Operation(
                    channel: "c", value: value == "-" ? nil : value, isWrite: words[0].hasPrefix("w"),
                    began: instants[0] ?? Self.start, ended: instants[1])
            })
    }

    @Test(arguments: [
        [], ["r- 0 1"], ["w1 0 1", "r1 2 3"], ["r- 0 1", "w1 2 3", "r1 4 5"],
        // A read concurrent with a write may return either value.
        ["w1 0 1", "w2 2 5", "r1 3 4", "r2 3 6"], ["w1 0 9", "r1 1 2", "r1 8 9"], ["w1 0 9", "r- 1 2"],
        // Concurrent writes may take effect in either order.
        ["w1 0 3", "w2 0 3", "r1 4 5"], ["w1 0 3", "w2 0 3", "r2 1 2", "r1 4 5"],
        // An unacknowledged write may take effect late or never.
        ["w1 0 1", "w2 2 -", "r1 8 9"], ["w1 0 1", "w2 2 -", "r1 3 4", "r2 8 9"],
        ["w1 0 1", "w2 2 -", "w3 4 5", "r3 6 7", "r2 8 9"],
    ])
    func history_isAccepted_whenAnOrderExplainsIt(operations: [String]) {
        #expect(history(operations).violations() == [])
    }

    @Test(
        "Canary: a history that no order explains is rejected",
        arguments: [
            // A stale read: the PUT was acknowledged before the GET began.
            ["w1 0 1", "w2 2 3", "r1 4 5"], ["w1 0 1", "r- 2 3"],
            // The new value, then the old one again.
            ["w1 0 1", "w2 2 9", "r2 3 4", "r1 5 6"], ["w1 0 9", "r1 1 2", "r- 3 4"],
            // Read before it was written, and read but never written.
            ["r1 0 1", "w1 2 3"], ["w1 0 1", "r7 2 3"],
            // A lost write, and a write that takes effect twice.
            ["w1 0 1", "w2 2 3", "w3 4 5", "r2 6 7"], ["w1 0 3", "w2 0 3", "r1 4 5", "r2 6 7", "r1 8 9"],
            // Two readers see two writes in different orders.
            ["w1 0 20", "w2 0 20", "r1 1 2", "r2 3 4", "r1 5 6"],
        ])
    func history_isRejected(operations: [String]) {
        #expect(history(operations).violations() == ["c"])
    }
}

/// Several nodes that share a database.
@Suite(.needsServer, .timeLimit(.minutes(2))) struct LinearizabilityTests {
    /// A client that records its operations and their results.
    private struct Client {
        let store: MySQLStore
        let name: String
        let channels: [String]
        let history: HistoryRecorder

        func write(_ count: Int) async {
            for number in 0..<count {
                let channel = channels[number % channels.count]
                let value = "\(name).\(number)"
                let began = Instant.now
                let outcome = try? await store.apply(
                    change("test", channel, value), deadline: soon(.seconds(2)))
                history.add(channel, value, isWrite: true, began, outcome == nil ? nil : .now)
            }
        }

        func read(_ count: Int) async {
            for _ in 0..<count {
                let began = Instant.now
                guard let rows = try? await store.readRows(deadline: soon(.seconds(2))) else { continue }
                let ended = Instant.now
                for channel in channels {
                    let row = rows.first { $0.channelID == channel }
                    history.add(channel, row?.version, isWrite: false, began, ended)
                }
            }
        }
    }

    @Test func readsOnAnyNode_reflectEveryPutAcknowledgedBefore_withManyWritersOfAChannel() async throws {
        try await check { _ in
            ["a", "b", "c", "d"]
        } during: { _ in
        }
    }

    /// A PUT whose session breaks is retried, so its value may take effect twice. That is invisible with one
    /// writer per channel that waits for each answer. With two writers it is visible, as with any client that
    /// retries a failed request.
    @Test func readsOnAnyNode_reflectEveryPutAcknowledgedBefore_whileSessionsAreKilled() async throws {
        try await check {
            ["\($0)-a", "\($0)-b"]
        } during: { database in
            for _ in 0..<20 { _ = try? database.killSessions() }
        }
    }

    private func check(
        _ channels: (_ writer: Int) -> [String],
        during: @escaping @Sendable (MySQLTestDatabase) async -> Void
    ) async throws {
        let database = try MySQLTestDatabase()
        let stores = try (0..<3).map { _ in try database.store() }
        defer { for store in stores { store.close() } }
        let recorder = HistoryRecorder()
        await withTaskGroup { group in
            for writer in 0..<6 {
                let client = Client(
                    store: stores[writer % 3], name: "\(writer)", channels: channels(writer),
                    history: recorder)
                group.addTask { await client.write(150) }
                group.addTask { await client.read(150) }
            }
            group.addTask { await during(database) }
        }
        let history = recorder.history
        #expect(history.operations.count > 2_000)
        #expect(history.violations() == [])
    }
}
