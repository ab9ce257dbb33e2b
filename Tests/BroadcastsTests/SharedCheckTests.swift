import Broadcasts
import TestSupport
import Testing
import Time

/// A crowd of health checks takes one connection of the store and no more.
@Suite(.timeLimit(.minutes(1))) struct SharedCheckTests {
    private let store = HandStore()
    private let clock = ManualClock()
    private let reader: BoardReader

    init() {
        let clock = clock
        reader = BoardReader(store: store, freshness: .defaults, clock: Clock(clock))
    }

    /// A check that has begun, or waits for the one under way, once this returns.
    private func check() -> Task<Void, any Error> {
        let reader = reader
        return Task.immediate { try await reader.check(within: .seconds(1)) }
    }

    @Test func check_answersThoseWhoAskedMeanwhile_whenItSucceeds() async throws {
        let first = check()
        let underWay = await store.checks.next()
        clock.advance(by: .milliseconds(10))
        let second = check()
        clock.advance(by: .milliseconds(800))
        underWay.end(.success(()))
        try await first.value
        try await second.value
    }

    @Test func check_isShared_andItsFailureAnswersThoseWhoWait() async throws {
        let first = check()
        let underWay = await store.checks.next()
        #expect(underWay.deadline == clock.now + .seconds(1))
        let second = check()
        clock.advance(by: .seconds(1))
        underWay.end(.failure(.deadlineExceeded))
        for check in [first, second] {
            await #expect(throws: StoreError.deadlineExceeded) { try await check.value }
        }
        let third = check()
        await store.checks.next().end(.success(()))
        try await third.value
    }
}
