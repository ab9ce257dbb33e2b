import Broadcasts
import Randomness
import Synchronization
import TestSupport
import Testing
import Time

/// Concurrent GETs and PUTs: each GET reflects every PUT that was acknowledged before the GET began.
@Suite(.timeLimit(.minutes(1))) struct FreshnessStressTests {
    /// Stores one number. A read returns the number at the time the read began; every seventh read fails.
    private final class CountingStore: BroadcastStore {
        private let number = Mutex(0)
        private let reads = Atomic(0)
        private let random: RandomSource

        init(random: RandomSource) {
            self.random = random
        }

        /// The largest number that was written, through any node.
        var acknowledged: Int { number.withLock { $0 } }

        func read(
            deadline _: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
            receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
        ) {
            let seen = acknowledged
            Task {
                for _ in 0..<Int(random.bits() % 4) { await Task.yield() }
                guard reads.wrappingAdd(1, ordering: .relaxed).newValue % 7 != 0 else {
                    return receive(.failure(.failed("every seventh read fails")))
                }
                receive(.success(StoreRead(board: make(rows(String(seen))), takesWrites: true)))
            }
        }

        func findHoldBack(deadline _: Instant, receive: @escaping @Sendable (Bool) -> Void) { receive(true) }

        func history(_: HistoryQuery, deadline _: Instant) async throws(StoreError) -> HistoryPage? { nil }

        func apply(_ change: Change, deadline _: Instant) async throws(StoreError) -> ChangeOutcome {
            let written = change.version.flatMap { Int($0.text) } ?? 0
            number.withLock { $0 = max($0, written) }
            await Task.yield()
            return .changed
        }

        func check(deadline _: Instant, receive: @escaping @Sendable (StoreError?) -> Void) { receive(nil) }

        func close() {}
    }

    /// Reads 300 times as a GET does, and returns how many of the boards were fresh.
    private static func read(_ feed: BoardFeed, atLeast acknowledged: @Sendable () -> Int) async throws
        -> Int
    {
        var fresh = 0
        for _ in 0..<300 {
            let expected = acknowledged()
            let current = feed.snapshot.current(at: .now)
            guard let reading = if let current { current } else { try? await feed.read() } else { continue }
            guard reading.age == nil else { continue }
            fresh += 1
            let seen = Int(reading.board.rows.first?.version ?? "") ?? 0
            #expect(seen >= expected)
        }
        return fresh
    }

    @Test(arguments: TestSeed.drawn()) func get_reflectsEveryPut_acknowledgedByAnyNode(seed: TestSeed)
        async throws
    {
        let store = CountingStore(random: seed.source)
        let reader = BoardFeed(store: store, freshness: .defaults, clock: .system)
        let otherNode = BoardFeed(store: store, freshness: .defaults, clock: .system)
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let fresh = try await Self.read(reader) { store.acknowledged }
                    #expect(fresh > 100)
                }
            }
            group.addTask {
                for version in 1...1000 {
                    _ = try await otherNode.apply(change(String(version)), deadline: .now)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: TestSeed.drawn()) func get_reflectsEveryPutOfItsNode_withMaxStaleness(seed: TestSeed)
        async throws
    {
        let store = CountingStore(random: seed.source)
        var freshness = BoardFeed.Freshness.defaults
        freshness.maxStaleness = .seconds(3600)
        let reader = BoardFeed(store: store, freshness: freshness, clock: .system)
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
                    _ = try await reader.apply(change(String(version)), deadline: .now)
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

/// Resumes a task when a read of the feed has ended.
private final class WaitingTask: FeedListener {
    private let continuation: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) {
        self.continuation = Mutex(continuation)
    }

    func readEnded() { continuation.withLock { $0.take() }?.resume() }
}

extension BoardFeed {
    /// Waits until the next read to begin has ended, as a loop's waiter does.
    fileprivate func read() async throws -> Reading {
        let number = Mutex(0)
        await withCheckedContinuation { continuation in
            let read = subscribe(WaitingTask(continuation))
            number.withLock { $0 = read }
        }
        let outcome = snapshot.outcome(ofRead: number.withLock { $0 }, at: .now)
        return try outcome?.get() ?? { throw BoardUnavailable(cause: .deadlineExceeded) }()
    }
}
