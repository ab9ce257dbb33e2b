import Broadcasts
import TestSupport
import Testing
import Time

/// Reads while requests are held. Each test completes the reads and advances the clock itself.
@Suite struct WatchTests {
    private let store = HandStore()
    private let manual = ManualClock()
    private let holder = CountingListener()
    private let feed: BoardFeed

    init() throws {
        feed = BoardFeed(store: store, freshness: .defaults, clock: Clock(manual))
        feed.hold(holder)
    }

    private func read(_ version: String, after duration: Duration = .zero) throws {
        let read = try #require(store.takeRead())
        manual.advance(by: duration)
        read.succeed(rows(version))
    }

    @Test func read_begins_whenTheIntervalHasPassedSinceTheLastOneBegan() throws {
        #expect(feed.readIfDue(at: manual.now) == manual.now + .milliseconds(200))
        try read("v1", after: .milliseconds(10))
        let due = manual.now + .milliseconds(190)
        #expect(feed.readIfDue(at: manual.now) == due && store.readsBegun == 1)
        manual.advance(by: .milliseconds(190))
        #expect(feed.readIfDue(at: manual.now) == due + .milliseconds(200) && store.readsBegun == 2)
    }

    @Test func readOfAGET_movesTheNextOne() throws {
        _ = feed.readIfDue(at: manual.now)
        try read("v1")
        manual.advance(by: .milliseconds(150))
        _ = feed.subscribe(CountingListener())
        try read("v1")
        #expect(feed.readIfDue(at: manual.now) == manual.now + .milliseconds(200))
    }

    @Test func slowStore_isReadAfterFourTimesTheDurationOfARead() throws {
        _ = feed.readIfDue(at: manual.now)
        try read("v1", after: .milliseconds(100))
        #expect(feed.readIfDue(at: manual.now) == manual.now + .milliseconds(300))
    }

    @Test func failedRead_isRepeatedAfterTheInterval() throws {
        _ = feed.readIfDue(at: manual.now)
        let read = try #require(store.takeRead())
        manual.advance(by: .seconds(2))
        read.fail(.deadlineExceeded)
        _ = feed.readIfDue(at: manual.now)
        #expect(store.readsBegun == 2)
    }

    @Test func holder_isNotified_ofChangesAndRecoveriesOnly() throws {
        for (version, count) in [("v1", 1), ("v1", 1), ("v2", 2), (nil, 2), (nil, 2), ("v2", 3), ("v2", 3)] {
            manual.advance(by: .seconds(1))
            _ = feed.readIfDue(at: manual.now)
            let read = try #require(store.takeRead())
            if let version { read.succeed(rows(version)) } else { read.fail(.failed("gone")) }
            #expect(holder.count == count)
        }
    }

    @Test func holderThatAlsoWaits_isNotifiedOnce() throws {
        _ = feed.subscribe(holder)
        try read("v1")
        #expect(holder.count == 1)
    }

    @Test func ownPUT_isReadAtOnce() async throws {
        _ = feed.readIfDue(at: manual.now)
        try read("v1")
        _ = try await feed.apply(change("v2"), deadline: manual.now)
        #expect(store.readsBegun == 2)
        _ = try await feed.apply(change("v3"), deadline: manual.now)
        _ = try await feed.apply(change("v4"), deadline: manual.now)
        #expect(store.readsBegun == 2)
        try read("v2")
        #expect(store.readsBegun == 3, "the read in progress may have missed the later PUTs")
        try read("v4")
        #expect(store.readsBegun == 3)
        store.setOutcome(.unchanged)
        _ = try await feed.apply(change("v4"), deadline: manual.now)
        #expect(store.readsBegun == 3)
    }

    @Test func withoutHolders_aPUTReadsNothing() async throws {
        feed.release(holder)
        _ = try await feed.apply(change("v2"), deadline: manual.now)
        #expect(store.readsBegun == 0)
    }
}
