import Broadcasts
import TestSupport
import Testing
import Time

/// Boards of a server that takes no writes (API.md, section 2).
@Suite struct ReadOnlyServerTests {
    private let store = HandStore()
    private let manual = ManualClock()
    private let listener = CountingListener()

    private func feed(maxStaleness: Duration = .zero) -> BoardFeed {
        var freshness = BoardFeed.Freshness.defaults
        freshness.maxStaleness = maxStaleness
        return BoardFeed(store: store, freshness: freshness, clock: Clock(manual))
    }

    /// Makes the feed read a board. Returns it as a GET gets it.
    private func read(_ feed: BoardFeed, takesWrites: Bool) throws -> Reading {
        let number = feed.subscribe(listener)
        try #require(store.takeRead()).succeed(rows("v1"), takesWrites: takesWrites)
        return try #require(feed.snapshot.outcome(ofRead: number, at: manual.now)).get()
    }

    @Test func age_countsFromTheLastReadOfAServerThatTookWrites() throws {
        let feed = feed()
        #expect(try read(feed, takesWrites: true).age == nil)
        manual.advance(by: .seconds(10))
        #expect(try read(feed, takesWrites: true).age == nil)
        manual.advance(by: .seconds(20))
        #expect(try read(feed, takesWrites: false).age == .seconds(20))
        manual.advance(by: .seconds(3_600))
        #expect(try read(feed, takesWrites: false).age == .seconds(3_620), "beyond stale_if_error")
        #expect(try read(feed, takesWrites: true).age == nil)
    }

    @Test func age_countsFromTheStart_withoutSuchARead() throws {
        let feed = feed()
        manual.advance(by: .seconds(7))
        #expect(try read(feed, takesWrites: false).age == .seconds(7))
    }

    @Test func boardWithinMaxStaleness_hasTheAge() throws {
        let feed = feed(maxStaleness: .seconds(5))
        manual.advance(by: .seconds(7))
        _ = try read(feed, takesWrites: false)
        manual.advance(by: .seconds(2))
        #expect(try #require(feed.current(at: manual.now)).age == .seconds(9))
    }

    @Test func failedRead_returnsTheBoard_upToStaleIfErrorAfterItsRead() throws {
        let feed = feed()
        _ = try read(feed, takesWrites: true)
        manual.advance(by: .seconds(1_000))
        _ = try read(feed, takesWrites: false)
        manual.advance(by: .seconds(300))
        #expect(try feed.snapshot.fallback(at: manual.now).get().age == .seconds(1_300))
        manual.advance(by: .seconds(1))
        #expect(throws: BoardUnavailable.self) { try feed.snapshot.fallback(at: manual.now).get() }
    }
}
