import Broadcasts
import TestSupport
import Testing
import Time

/// Hold-back, with every store whose database outlives it. Time passes by shifting the times of the rows, so
/// that a test takes no longer than its statements.
@Suite(.timeLimit(.minutes(60))) struct HoldBackContractTests {
    private static let second = 1_000_000
    private static let interval = 300
    /// Number of random histories for each kind of store.
    private static let histories = TestServer.variable("MEGAPHONE_TEST_HISTORIES").flatMap { Int($0) } ?? 12

    private func held(
        _ version: String, isUrgent: Bool = false, interval: Int? = Self.interval, historyLimit: Int = 0
    ) -> Change {
        var change = change("test", "one", version, historyLimit: historyLimit)
        change.interval = interval.map { .seconds($0) }
        change.isUrgent = isUrgent
        return change
    }

    /// The outcome without its time.
    private func word(_ outcome: ChangeOutcome) -> String { String("\(outcome)".prefix { $0 != "(" }) }

    private func advance(_ seconds: Int, _ execute: StoreKind.Execute) throws {
        let shift = seconds * Self.second
        try execute(
            "UPDATE broadcastsv1 SET shown_at = shown_at - \(shift), announce_at = announce_at - \(shift)")
    }

    private func rows(_ store: any BroadcastStore) async throws -> [String] {
        try await store.readBoard(deadline: patient()).rows.map {
            "\($0.version) \($0.held?.version ?? "-")"
        }
    }

    @Test("A burst is held back and announced once", arguments: StoreKind.shared)
    func burst(kind: StoreKind) async throws {
        try await kind.withDatabase(.all) { open, execute async throws in
            let store = try open()
            func put(_ change: Change) async throws -> String {
                word(try await store.apply(change, deadline: patient()))
            }
            #expect(try await put(held("v1")) == "created")
            #expect(try await rows(store) == ["v1 -"])
            #expect(try await put(held("v2")) == "held")
            #expect(try await put(held("v2")) == "stillHeld")
            #expect(try await put(held("v3")) == "held")
            #expect(try await rows(store) == ["v1 v3"])
            try advance(290, execute)
            #expect(try await rows(store) == ["v1 v3"])
            try advance(20, execute)
            // Read twice: the first read records the announcement, the second finds it recorded.
            #expect(try await rows(store) == ["v3 -"])
            #expect(try await rows(store) == ["v3 -"])
            // The interval counts from when v3 was due, 10 seconds ago.
            #expect(try await put(held("v4")) == "held")
            try advance(280, execute)
            #expect(try await rows(store) == ["v3 v4"])
            try advance(20, execute)
            #expect(try await rows(store) == ["v4 -"])
        }
    }

    @Test("What is held is cancelled, replaced at once or deleted", arguments: StoreKind.shared)
    func ends(kind: StoreKind) async throws {
        try await kind.withDatabase(.all) { open, execute async throws in
            let store = try open()
            func put(_ change: Change) async throws -> String {
                word(try await store.apply(change, deadline: patient()))
            }
            _ = try await put(held("v1"))
            _ = try await put(held("v2"))
            #expect(try await put(held("v1")) == "cancelled")
            #expect(try await rows(store) == ["v1 -"])
            #expect(try await put(held("v2")) == "held")
            #expect(try await put(held("v2", isUrgent: true)) == "announced")
            #expect(try await rows(store) == ["v2 -"])
            _ = try await put(held("v3"))
            #expect(try await put(held("____NOP____")) == "changed")
            #expect(try await rows(store) == ["____NOP____ -"])
            _ = try await put(held("v4"))
            #expect(try await put(held("v5", isUrgent: true)) == "changed")
            #expect(try await rows(store) == ["v5 -"])
            _ = try await put(held("v6"))
            // Without a rule: one statement, announced at once.
            #expect(try await put(held("v6", interval: nil)) == "unchanged")
            #expect(try await put(held("v7", interval: nil)) == "changed")
            #expect(try await rows(store) == ["v7 -"])
            _ = try await put(held("v8"))
            #expect(try await put(held("v7", interval: nil)) == "changed")
            #expect(try await rows(store) == ["v7 -"])
            _ = try await put(held("v9"))
            #expect(try await store.apply(deletion("test", "one"), deadline: patient()) == .deleted)
            #expect(try await rows(store).isEmpty)
            #expect(try await put(held("v10")) == "created")
        }
    }

    @Test("An urgent PUT of the version that is held has no entry of its own", arguments: StoreKind.shared)
    func announcedVersion_hasOneEntry(kind: StoreKind) async throws {
        try await kind.withDatabase(.all) { open, _ async throws in
            let store = try open()
            for (version, isUrgent) in [("v1", false), ("v2", false), ("v2", true), ("v2", true)] {
                let change = held(version, isUrgent: isUrgent, historyLimit: 100)
                _ = try await store.apply(change, deadline: patient())
            }
            let query = HistoryQuery(change("test", "one", "v").channel, limit: 10, before: nil)
            let page = try await store.history(query, deadline: patient())
            #expect(page?.entries.map(\.version) == ["v2", "v1"])
        }
    }

    @Test(
        "Random histories have the outcomes and rows of the decision", arguments: StoreKind.shared,
        TestSeed.drawn())
    func randomHistories(kind: StoreKind, seed: TestSeed) async throws {
        try await kind.withDatabase(.all) { open, execute async throws in
            let store = try open()
            var generator = seed.generator
            for _ in 0..<Self.histories {
                _ = try await store.apply(deletion("test", "one"), deadline: patient())
                try await compare(store, execute, steps: 20, &generator)
            }
        }
    }

    /// Compares with the decision on a row in memory, whose clock is shifted like that of the database.
    private func compare(
        _ store: any BroadcastStore, _ execute: StoreKind.Execute, steps: Int,
        _ generator: inout SeededGenerator
    ) async throws {
        var model: StoredChannel?
        var now = 1_700_000_000 * Self.second
        for step in 0..<steps {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let versions = [
                    "v\(step)", "v\(step)", "a", model?.version ?? "b", model?.shown ?? "c", "____NOP____",
                ]
                let change = held(
                    versions.randomElement(using: &generator) ?? "",
                    isUrgent: Int.random(in: 0..<8, using: &generator) == 0,
                    interval: [nil, 60, 300, 300].randomElement(using: &generator) ?? nil)
                let decision = change.decision(on: model, at: now)
                let outcome = try await store.apply(change, deadline: patient())
                // One statement does not tell that it cancelled, or that what is equal is held.
                let isPlain = change.interval == nil && !change.isUrgent
                let expected = word(decision.outcome)
                let plain = ["cancelled": "changed", "stillHeld": "unchanged"]
                #expect(word(outcome) == (isPlain ? plain[expected] ?? expected : expected))
                model = decision.channel
            case 6..<8:
                let seconds = [7, 65, 130, 310].randomElement(using: &generator) ?? 7
                try advance(seconds, execute)
                now += seconds * Self.second
            default:
                model = model?.folded(at: now)
            }
            let rows = try await rows(store)
            let expected = model.map { model in
                "\(model.announced(at: now)) \(model.isHeld(at: now) ? model.version : "-")"
            }
            // Reading records what is due.
            model = model?.folded(at: now)
            try #require(rows == [expected].compactMap(\.self))
            // The shifts leave at least a second to every due time, more than the statements take.
            now += Self.second / 1_000
        }
    }

    @Test("Announcements of many channels at once are recorded", arguments: StoreKind.shared)
    func manyDue(kind: StoreKind) async throws {
        try await kind.withDatabase(.all) { open, execute async throws in
            let store = try open()
            for round in 0..<2 {
                try await withThrowingTaskGroup { group in
                    for number in 0..<1000 {
                        var change = change("test", "c\(number)", "v\(round)")
                        change.interval = .seconds(Self.interval)
                        group.addTask { [change] in _ = try await store.apply(change, deadline: patient()) }
                    }
                    try await group.waitForAll()
                }
            }
            let board = try await store.readBoard(deadline: patient())
            #expect(board.heldCount == 1000)
            let next = try #require(try await store.readOnce(deadline: patient()).nextAnnouncement)
            #expect(next > .seconds(200) && next <= .seconds(300))
            try advance(400, execute)
            let announced = try await store.readBoard(deadline: patient())
            #expect(announced.heldCount == 0)
            #expect(announced.rows.allSatisfy { $0.version == "v1" })
            #expect(try await store.readOnce(deadline: patient()).nextAnnouncement == nil)
        }
    }

    @Test(
        "The history tells what was planned, and nodes without rules read the same",
        arguments: StoreKind.shared)
    func nodesWithoutRules(kind: StoreKind) async throws {
        try await kind.withDatabase(.all) { open, execute async throws in
            let (store, other) = (try open(), try open())
            _ = try await store.apply(held("v1", historyLimit: 9), deadline: patient())
            let outcome = try await store.apply(held("v2", historyLimit: 9), deadline: patient())
            let query = HistoryQuery(try #require(ChannelName("test/one")), limit: 9, before: nil)
            let page = try #require(try await other.history(query, deadline: patient()))
            #expect(page.entries.map(\.version) == ["v2", "v1"])
            #expect(page.entries[0].announceAt == outcome.announceAt)
            #expect(page.entries[1].announceAt != nil)
            #expect(try await rows(other) == ["v1 v2"])
            try advance(310, execute)
            #expect(try await rows(other) == ["v2 -"])
            #expect(try await rows(store) == ["v2 -"])
        }
    }

    @Test("Statements of the original work on the same table", arguments: StoreKind.shared)
    func original(kind: StoreKind) async throws {
        try await kind.withDatabase(.all) { open, execute async throws in
            let store = try open()
            _ = try await store.apply(held("v1"), deadline: patient())
            _ = try await store.apply(held("v2"), deadline: patient())
            try execute("UPDATE broadcastsv1 SET version = 'old'")
            #expect(try await rows(store) == ["v1 old"])
            try advance(310, execute)
            #expect(try await rows(store) == ["old -"])
            try execute("UPDATE broadcastsv1 SET version = 'older'")
            #expect(try await rows(store) == ["older -"])
            try execute(
                "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('test', 'two', 'x')")
            #expect(try await rows(store).contains("x -"))
            // Values that no node writes.
            try execute("UPDATE broadcastsv1 SET shown = 'y', announce_at = NULL WHERE bchannel_id = 'two'")
            #expect(try await rows(store).contains("x -"))
            try execute("UPDATE broadcastsv1 SET shown = 'y', announce_at = -1 WHERE bchannel_id = 'two'")
            #expect(try await rows(store).contains("x -"))
        }
    }

    @Test("A rule without the columns is an error, and migrate adds them", arguments: StoreKind.shared)
    func withoutColumns(kind: StoreKind) async throws {
        try await kind.withDatabase(.history) { open, execute async throws in
            let store = try open()
            _ = try await store.apply(change("test", "one", "v1"), deadline: patient())
            await #expect(throws: StoreError.self) {
                _ = try await store.apply(held("v2"), deadline: patient())
            }
            #expect(try await !canHoldBack(store))
            for column in ["shown VARCHAR(200)", "shown_at BIGINT", "announce_at BIGINT"] {
                try execute("ALTER TABLE broadcastsv1 ADD COLUMN \(column)")
            }
            #expect(try await canHoldBack(store))
            #expect(word(try await store.apply(held("v2"), deadline: patient())) == "changed")
            #expect(word(try await store.apply(held("v3"), deadline: patient())) == "held")
            #expect(try await rows(store) == ["v2 v3"])
        }
    }

    private func canHoldBack(_ store: any BroadcastStore) async throws -> Bool {
        await withCheckedContinuation { continuation in
            store.findHoldBack(deadline: patient()) { continuation.resume(returning: $0) }
        }
    }
}
