import Broadcasts
import Testing
import Time

@Suite struct StoreHealthTests {
    private let store = HandStore()
    private let manual = ManualClock()
    private let listener = CountingListener()
    private let health: StoreHealth

    init() {
        health = StoreHealth(store: store, clock: Clock(manual))
    }

    @Test func check_isShared_byConcurrentSubscribers() throws {
        let first = health.subscribe(listener, limit: .seconds(1))
        let check = try #require(store.takeCheck())
        #expect(check.deadline == manual.now + .seconds(1))
        let second = health.subscribe(listener, limit: .seconds(1))
        #expect(first == second)
        #expect(health.outcome(ofCheck: first) == nil)
        check.receive(nil)
        #expect(health.outcome(ofCheck: first) == .some(nil))
        #expect(listener.count == 1)
        #expect(store.takeCheck() == nil)
    }

    @Test func check_reportsTheFailure_andTheNextChecksAgain() throws {
        let first = health.subscribe(listener, limit: .seconds(1))
        try #require(store.takeCheck()).receive(.failed("gone"))
        #expect(health.outcome(ofCheck: first) == .some(.failed("gone")))
        let second = health.subscribe(listener, limit: .seconds(1))
        #expect(health.outcome(ofCheck: second) == nil)
        try #require(store.takeCheck()).receive(nil)
        #expect(health.outcome(ofCheck: second) == .some(nil))
    }
}
