import Broadcasts
import TestSupport
import Testing
import Time

/// Each test completes the store's reads and advances the clock itself, so nothing depends on elapsed time.
@Suite struct BoardFeedTests {
    private let store = HandStore()
    private let manual = ManualClock()
    private let listener = CountingListener()
    private let feed: BoardFeed

    init() {
        feed = BoardFeed(store: store, freshness: .defaults, clock: Clock(manual))
    }

    private func feed(_ configure: (inout BoardFeed.Freshness) -> Void) -> BoardFeed {
        var freshness = BoardFeed.Freshness.defaults
        configure(&freshness)
        return BoardFeed(store: store, freshness: freshness, clock: Clock(manual))
    }

    /// Makes a feed read a board with one channel of this version.
    private func load(_ version: String, _ feed: BoardFeed? = nil) throws -> Board {
        let feed = feed ?? self.feed
        let number = feed.subscribe(listener)
        try #require(store.takeRead()).succeed(rows(version))
        return try #require(feed.snapshot.outcome(ofRead: number, at: manual.now)).get().board
    }

    @Test func subscribe_beginsARead_andItsOutcomeIsReturned() throws {
        let number = feed.subscribe(listener)
        #expect(feed.snapshot.outcome(ofRead: number, at: manual.now) == nil)
        let read = try #require(store.takeRead())
        #expect(read.deadline == manual.now + .seconds(2), "a read may take longer than its GET waits")
        read.succeed(rows("v1"))
        #expect(listener.count == 1)
        let reading = try #require(feed.snapshot.outcome(ofRead: number, at: manual.now)).get()
        #expect(reading.board.rows == rows("v1"))
        #expect(reading.age == nil)
    }

    /// The running read may have missed a PUT that was acknowledged before the second subscription.
    @Test func subscribe_waitsForTheNextRead_duringARead() throws {
        let first = feed.subscribe(listener)
        let second = feed.subscribe(listener)
        #expect(second == first + 1)
        let read = try #require(store.takeRead())
        #expect(store.readsBegun == 1, "at most one read runs at a time")
        read.succeed(rows("v1"))
        #expect(feed.snapshot.outcome(ofRead: second, at: manual.now) == nil)
        #expect(store.readsBegun == 2)
        try #require(store.takeRead()).succeed(rows("v2"))
        #expect(listener.count == 2)
        let reading = try #require(feed.snapshot.outcome(ofRead: second, at: manual.now)).get()
        #expect(reading.board.rows == rows("v2"))
        #expect(store.readsBegun == 2, "no third read: nothing waits for it")
    }

    @Test func listener_isNotifiedOncePerRead() throws {
        _ = feed.subscribe(listener)
        for _ in 0..<3 { _ = feed.subscribe(listener) }
        try #require(store.takeRead()).succeed(rows("v1"))
        try #require(store.takeRead()).succeed(rows("v1"))
        #expect(listener.count == 2)
    }

    @Test func equalRows_keepTheSameBoard() throws {
        let board = try load("v1")
        #expect(try load("v1") === board)
        #expect(try load("v2") !== board)
    }

    @Test func failedRead_returnsTheLastBoardWithItsAge_upToStaleIfError() throws {
        _ = try load("v1")
        manual.advance(by: .seconds(300))
        let number = feed.subscribe(listener)
        try #require(store.takeRead()).fail(.failed("gone"))
        let reading = try #require(feed.snapshot.outcome(ofRead: number, at: manual.now)).get()
        #expect(reading.age == .seconds(300))
        manual.advance(by: .nanoseconds(1))
        #expect(throws: BoardUnavailable(cause: .failed("gone"))) {
            try feed.snapshot.outcome(ofRead: number, at: manual.now)?.get()
        }
    }

    @Test func failedRead_isUnavailable_withoutABoard() throws {
        let number = feed.subscribe(listener)
        try #require(store.takeRead()).fail(.deadlineExceeded)
        #expect(throws: BoardUnavailable(cause: .deadlineExceeded)) {
            try feed.snapshot.outcome(ofRead: number, at: manual.now)?.get()
        }
    }

    /// A store with an open circuit reports the failure before `read` returns.
    @Test func immediateFailure_isReportedAtOnce_withoutAnotherRead() throws {
        store.setFailure(.unavailable("down"))
        let number = feed.subscribe(listener)
        #expect(listener.count == 1)
        #expect(throws: BoardUnavailable.self) {
            try feed.snapshot.outcome(ofRead: number, at: manual.now)?.get()
        }
        #expect(store.readsBegun == 1)
    }

    /// With a slow database, the GET gets the last board at its deadline. The result of the read is kept.
    @Test func lateRead_isKept_afterTheDeadlineOfItsGET() throws {
        _ = try load("v1")
        _ = feed.subscribe(listener)
        manual.advance(by: .milliseconds(250))
        #expect(try feed.snapshot.fallback(at: manual.now).get().age == .milliseconds(250))
        manual.advance(by: .seconds(1))
        try #require(store.takeRead()).succeed(rows("v2"))
        #expect(try feed.snapshot.fallback(at: manual.now).get().board.rows == rows("v2"))
    }

    /// A waiter whose read succeeded gets that board, even if a later read has failed by then.
    @Test func outcome_isThatOfTheWaitersRead_whenALaterReadFails() throws {
        let number = feed.subscribe(listener)
        let later = feed.subscribe(listener)
        try #require(store.takeRead()).succeed(rows("v1"))
        try #require(store.takeRead()).fail(.failed("gone"))
        #expect(try #require(feed.snapshot.outcome(ofRead: number, at: manual.now)).get().age == nil)
        #expect(try #require(feed.snapshot.outcome(ofRead: later, at: manual.now)).get().age == .zero)
    }

    @Test func warmUp_readsOnce_withoutWaiters() throws {
        feed.warmUp()
        feed.warmUp()
        #expect(store.readsBegun == 1)
        try #require(store.takeRead()).succeed(rows("v1"))
        #expect(feed.snapshot.lastGoodRead?.board.rows == rows("v1"))
        #expect(store.readsBegun == 1)
    }

    // MARK: - max_staleness

    @Test func current_isNil_withoutMaxStaleness() throws {
        _ = try load("v1")
        #expect(feed.snapshot.current(at: manual.now) == nil)
    }

    @Test func current_isTheLastBoard_withinMaxStaleness() throws {
        let feed = feed { $0.maxStaleness = .seconds(1) }
        _ = try load("v1", feed)
        manual.advance(by: .seconds(1))
        #expect(feed.snapshot.current(at: manual.now)?.board.rows == rows("v1"))
        #expect(feed.snapshot.current(at: manual.now)?.age == nil)
        manual.advance(by: .nanoseconds(1))
        #expect(feed.snapshot.current(at: manual.now) == nil)
    }

    @Test func current_isNil_afterALocalPUT_untilALaterReadEnds() async throws {
        let feed = feed { $0.maxStaleness = .seconds(3600) }
        _ = try load("v1", feed)
        let number = feed.subscribe(listener)
        let early = try #require(store.takeRead())
        _ = try await feed.apply(change("v2"), deadline: manual.now)
        early.succeed(rows("v1"))
        #expect(
            feed.snapshot.current(at: manual.now) == nil,
            "the read began before the PUT and may have missed it")
        #expect(try #require(feed.snapshot.outcome(ofRead: number, at: manual.now)).get().age == nil)
        _ = try load("v2", feed)
        #expect(feed.snapshot.current(at: manual.now)?.board.rows == rows("v2"))
    }

    @Test func waiter_getsTheBoardOfTheRunningRead_withMaxStaleness() throws {
        let feed = feed { $0.maxStaleness = .seconds(1) }
        _ = feed.subscribe(listener)
        let later = feed.subscribe(listener)
        try #require(store.takeRead()).succeed(rows("v1"))
        #expect(try #require(feed.snapshot.outcome(ofRead: later, at: manual.now)).get().age == nil)
    }

    @Test func freshness_takesEffectForTheNextSnapshot() throws {
        _ = try load("v1")
        var freshness = feed.freshness
        freshness.maxStaleness = .seconds(1)
        feed.freshness = freshness
        #expect(feed.snapshot.current(at: manual.now) != nil)
    }

    /// A GET may be served the last board then; a PUT that must know of every channel may not.
    @Test func read_hasNotEnded_whileTheLastBoardIsFreshEnough() throws {
        let feed = feed { $0.maxStaleness = .seconds(60) }
        _ = try load("v1", feed)
        let number = feed.subscribe(listener)
        #expect(feed.snapshot.outcome(ofRead: number, at: manual.now) != nil)
        #expect(!feed.snapshot.hasEnded(read: number))
        try #require(store.takeRead()).fail(.unavailable("down"))
        #expect(feed.snapshot.hasEnded(read: number))
    }

    // MARK: - max_channels

    private func count(_ channel: String) throws -> Int? {
        let change = try change("v", channel: channel)
        return feed.channelCount(besides: change.channel)
    }

    @Test func channelCount_isNil_beforeTheFirstRead() throws {
        #expect(try count("new") == nil)
    }

    @Test func channelCount_isNil_forAKnownChannel() async throws {
        _ = try load("v1")
        #expect(try count("c") == nil)
        store.setOutcome(.created)
        _ = try await feed.apply(change("v", channel: "mine"), deadline: manual.now)
        #expect(try count("mine") == nil)
    }

    @Test func channelCount_includesChannelsCreatedSinceTheLastRead() async throws {
        _ = try load("v1")
        #expect(try count("new") == 1)
        store.setOutcome(.created)
        for channel in ["d", "e", "d"] {
            _ = try await feed.apply(change("v", channel: channel), deadline: manual.now)
        }
        #expect(try count("new") == 3)
        // Channel `f` is created during a read, which may miss it.
        _ = feed.subscribe(listener)
        let read = try #require(store.takeRead())
        _ = try await feed.apply(change("v", channel: "f"), deadline: manual.now)
        #expect(try count("new") == 4)
        read.succeed(
            rows("v1") + ["d", "e"].map { BoardRow(broadcasterID: "b", channelID: $0, version: "v") })
        #expect(try count("new") == 4)
        // A failed read keeps the count.
        _ = feed.subscribe(listener)
        try #require(store.takeRead()).fail(.deadlineExceeded)
        #expect(try count("new") == 4)
    }
}
