import Broadcasts
import Testing
import Time

@testable import API

/// A PUT that waits for a read before it adds a channel.
@Suite struct LoopInboxTests {
    /// The loop looks at its waiters whenever any of them has an event, such as the end of a health check.
    @Test func readRequest_waitsForItsRead_thoughTheLastBoardIsFreshEnough() async throws {
        let manual = ManualClock()
        let feed = BoardFeed(
            store: MemoryStore(),
            freshness: BoardFeed.Freshness(
                maxStaleness: .seconds(60), readDeadline: .seconds(1), staleIfError: .seconds(60),
                watchInterval: .milliseconds(200)),
            clock: Clock(manual))
        feed.warmUp()
        try #require(feed.snapshot.hasEnded(read: 1))
        await withCheckedContinuation { continuation in
            let request = ReadRequest(manual.now + .seconds(1), continuation)
            request.number = 2
            #expect(!request.isAnswered(by: feed.snapshot, at: manual.now))
            request.number = 1
            #expect(request.isAnswered(by: feed.snapshot, at: manual.now))
        }
    }
}
