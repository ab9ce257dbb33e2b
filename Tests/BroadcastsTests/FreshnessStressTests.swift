import Broadcasts
import Synchronization
import TestSupport
import Testing
import Time

/// Many GETs and PUTs at once, on real threads: no GET misses a PUT that was acknowledged before it began.
@Suite(.timeLimit(.minutes(1))) struct FreshnessStressTests {
    /// Holds one number. Reads see what was written when they began, and every seventh one fails.
    private final class CountingStore: BroadcastStore {
        private let number = Mutex(0)
        private let reads = Atomic(0)

        /// The last number that was acknowledged, also to other nodes.
        var acknowledged: Int { number.withLock { $0 } }

        func read(
            deadline _: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
            receive: @escaping @Sendable (Result<Board, StoreError>) -> Void
        ) {
            let seen = acknowledged
            let fails = reads.wrappingAdd(1, ordering: .relaxed).newValue % 7 == 0
            Task {
                for _ in 0..<Int.random(in: 0..<4) { await Task.yield() }
                receive(fails ? .failure(.failed("now and then")) : .success(make(rows(String(seen)))))
            }
        }

        func put(
            _ change: Change, deadline _: Instant
        ) async throws(StoreError) -> ChangeOutcome {
            let written = Int(change.version.text) ?? 0
            number.withLock { $0 = max($0, written) }
            await Task.yield()
            return .changed
        }

        func check(deadline _: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
            receive(nil)
        }

        func close() {}
    }

    /// Reads as a handler does, and returns how many answers were fresh.
    private static func read(_ reader: BoardReader, atLeast acknowledged: @Sendable () -> Int) async throws
        -> Int
    {
        var fresh = 0
        for _ in 0..<300 {
            let expected = acknowledged()
            let current = reader.current(at: .now)
            guard let reading = if let current { current } else { try? await reader.read() } else { continue }
            guard reading.age == nil else { continue }
            fresh += 1
            let seen = Int(reading.board.rows.first?.version ?? "") ?? 0
            #expect(seen >= expected)
        }
        return fresh
    }

    @Test func get_seesEveryPut_acknowledgedByAnyNode() async throws {
        let store = CountingStore()
        let reader = BoardReader(store: store, freshness: .defaults, clock: .system)
        let otherNode = BoardReader(store: store, freshness: .defaults, clock: .system)
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let fresh = try await Self.read(reader) { store.acknowledged }
                    #expect(fresh > 100)
                }
            }
            group.addTask {
                for version in 1...1000 {
                    _ = try await otherNode.put(broadcast(String(version)), deadline: .now)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func get_seesEveryPutOfItsNode_underMaxStaleness() async throws {
        let store = CountingStore()
        var freshness = BoardReader.Freshness.defaults
        freshness.maxStaleness = .seconds(3600)
        let reader = BoardReader(store: store, freshness: freshness, clock: .system)
        let acknowledged = Counter()
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let fresh = try await Self.read(reader) { acknowledged.value.load(ordering: .acquiring) }
                    #expect(fresh > 100)
                }
            }
            group.addTask {
                for version in 1...1000 {
                    _ = try await reader.put(broadcast(String(version)), deadline: .now)
                    acknowledged.value.store(version, ordering: .releasing)
                }
            }
            try await group.waitForAll()
        }
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }
}
