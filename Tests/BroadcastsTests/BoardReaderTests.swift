import Broadcasts
import TestSupport
import Testing
import Time

/// Each test begins GETs with `Task.immediate`, which runs them up to where they wait, and then ends the
/// store's reads by hand. No test depends on time that passes.
@Suite(.timeLimit(.minutes(1))) struct BoardReaderTests {
    private let store = HandStore()
    private let clock = ManualClock()
    private let reader: BoardReader

    init() {
        reader = Self.reader(store, clock) { _ in }
    }

    private static func reader(
        _ store: HandStore, _ clock: ManualClock, _ configure: (inout BoardReader.Freshness) -> Void
    ) -> BoardReader {
        var freshness = BoardReader.Freshness.defaults
        configure(&freshness)
        return BoardReader(store: store, freshness: freshness, clock: Clock(clock))
    }

    private typealias Get = Task<BoardReader.Reading, any Error>

    /// A GET that has joined a read, or is waiting for one, once this returns.
    private func get(_ reader: BoardReader? = nil) -> Get {
        let reader = reader ?? self.reader
        return Task.immediate { try await reader.read() }
    }

    /// Lets the reader have a board of this version.
    private func load(_ version: String, _ reader: BoardReader? = nil) async throws -> Board {
        let get = get(reader)
        await store.reads.next().end(.success(rows(version)))
        return try await get.value.board
    }

    @Test func get_begins_aRead_whenNoneIsUnderWay() async throws {
        let get = get()
        await store.reads.next().end(.success(rows("v1")))
        let reading = try await get.value
        #expect(reading.board.rows == rows("v1"))
        #expect(reading.age == nil)
    }

    @Test func get_joinsTheNextRead_notTheOneUnderWay() async throws {
        let first = get()
        let underWay = await store.reads.next()
        let later = [get(), get(), get()]
        #expect(store.readsBegun == 1)
        underWay.end(.success(rows("v1")))
        #expect(try await first.value.board.rows == rows("v1"))

        await store.reads.next().end(.success(rows("v2")))
        for get in later {
            #expect(try await get.value.board.rows == rows("v2"))
        }
        #expect(store.readsBegun == 2)
    }

    @Test func deadline_countsFromTheFirstArrival_ofThoseWhoShareARead() async throws {
        let first = get()
        let firstRead = await store.reads.next()
        #expect(firstRead.deadline == clock.now + .milliseconds(250))
        clock.advance(by: .milliseconds(30))
        let second = get()
        let arrival = clock.now
        clock.advance(by: .milliseconds(30))
        let third = get()
        firstRead.end(.success(rows("v1")))
        let secondRead = await store.reads.next()
        #expect(secondRead.deadline == arrival + .milliseconds(250))
        secondRead.end(.success(rows("v1")))
        for get in [first, second, third] { _ = try await get.value }
    }

    @Test func board_isKept_whenTheRowsAreEqual_andItsAgeBeginsAnew() async throws {
        let first = try await load("v1")
        clock.advance(by: .seconds(299))
        let second = try await load("v1")
        #expect(first === second)
        let third = try await load("v2")
        #expect(second !== third)

        _ = try await load("v2")
        #expect(reader.lastGoodRead?.began == clock.now)
    }

    @Test func board_isServedWithItsAge_whenTheStoreFails_upToTheLimit() async throws {
        let began = clock.now
        let loaded = get()
        let read = await store.reads.next()
        clock.advance(by: .milliseconds(100))
        read.end(.success(rows("v1")))
        let board = try await loaded.value.board
        #expect(reader.lastGoodRead?.began == began)

        for (elapsed, age) in [(1, 1), (298, 299), (1, 300)] {
            clock.advance(by: .seconds(elapsed) - (elapsed == 1 && age == 1 ? .milliseconds(100) : .zero))
            let get = get()
            await store.reads.next().end(.failure(.failed("gone")))
            let reading = try await get.value
            #expect(reading.board === board)
            #expect(reading.age == .seconds(age))
        }

        clock.advance(by: .nanoseconds(1))
        let late = get()
        await store.reads.next().end(.failure(.failed("gone")))
        await #expect(throws: BoardUnavailable(cause: .failed("gone"))) { try await late.value }
    }

    @Test func get_isRefused_whenTheStoreFails_andNoBoardWasEverRead() async {
        let get = get()
        await store.reads.next().end(.failure(.unavailable("down")))
        await #expect(throws: BoardUnavailable(cause: .unavailable("down"))) { try await get.value }
        #expect(reader.lastGoodRead == nil)
    }

    @Test func get_isFresh_afterTheStoreCameBack() async throws {
        _ = try await load("v1")
        let failing = get()
        await store.reads.next().end(.failure(.failed("gone")))
        #expect(try await failing.value.age == .zero)
        #expect(try await load("v2").rows == rows("v2"))
    }

    @Test func hangingRead_answersThoseWhoWaitedLong_andTheOthersReadAnew() async throws {
        let board = try await load("v1")
        let hanging = get()
        let read = await store.reads.next()
        clock.advance(by: .milliseconds(124))
        let early = get()
        clock.advance(by: .milliseconds(1))
        let late = get()
        let arrival = clock.now
        clock.advance(by: .milliseconds(125))
        read.end(.failure(.deadlineExceeded))
        for get in [hanging, early] {
            let reading = try await get.value
            #expect(reading.board === board)
            #expect(reading.age == .milliseconds(250))
        }

        let next = await store.reads.next()
        #expect(next.deadline == arrival + .milliseconds(250))
        next.end(.success(rows("v2")))
        #expect(try await late.value.board.rows == rows("v2"))
    }

    @Test func read_goesOnForTheOthers_whenItsLeaderIsGone() async throws {
        let first = get()
        let firstRead = await store.reads.next()
        let leader = get()
        let follower = get()
        firstRead.end(.success(rows("v1")))
        let read = await store.reads.next()
        leader.cancel()
        let next = get()
        read.end(.success(rows("v2")))
        #expect(try await follower.value.board.rows == rows("v2"))
        await store.reads.next().end(.success(rows("v3")))
        #expect(try await next.value.board.rows == rows("v3"))
        _ = try await (first.value, leader.value)
    }

    @Test func waiterThatIsGone_leavesNothingBehind() async throws {
        let first = get()
        let firstRead = await store.reads.next()
        let gone = [get(), get()]
        for get in gone { get.cancel() }
        firstRead.end(.success(rows("v1")))
        await store.reads.next().end(.success(rows("v1")))
        for get in gone { _ = try await get.value }
        _ = try await first.value
        #expect(try await load("v2").rows == rows("v2"))
        #expect(store.readsBegun == 3)
    }

    @Test func current_isNever_withoutMaxStaleness() async throws {
        _ = try await load("v1")
        #expect(reader.current(at: clock.now) == nil)
    }

    @Test func current_isTheLastBoard_upToMaxStaleness() async throws {
        let reader = Self.reader(store, clock) { $0.maxStaleness = .seconds(1) }
        #expect(reader.current(at: clock.now) == nil)
        let board = try await load("v1", reader)
        clock.advance(by: .seconds(1))
        let reading = try #require(reader.current(at: clock.now))
        #expect(reading.board === board)
        #expect(reading.age == nil)
        clock.advance(by: .nanoseconds(1))
        #expect(reader.current(at: clock.now) == nil)
    }

    @Test func put_isSeenByTheNextGet_whateverMaxStalenessSays() async throws {
        let reader = Self.reader(store, clock) { $0.maxStaleness = .seconds(3600) }
        _ = try await load("v1", reader)
        #expect(reader.current(at: clock.now) != nil)
        #expect(try await reader.put(broadcast("v2"), deadline: clock.now) == .changed)
        #expect(reader.current(at: clock.now) == nil)
        _ = try await load("v2", reader)
        #expect(reader.current(at: clock.now)?.board.rows == rows("v2"))
    }

    @Test func put_isNotHidden_byAReadThatBeganBeforeIt() async throws {
        let reader = Self.reader(store, clock) { $0.maxStaleness = .seconds(3600) }
        let before = get(reader)
        let underWay = await store.reads.next()
        _ = try await reader.put(broadcast("v2"), deadline: clock.now)
        clock.advance(by: .milliseconds(1))
        let after = get(reader)
        clock.advance(by: .milliseconds(1))
        underWay.end(.success(rows("v1")))
        #expect(try await before.value.board.rows == rows("v1"))
        #expect(reader.current(at: clock.now) == nil)
        await store.reads.next().end(.success(rows("v2")))
        #expect(try await after.value.board.rows == rows("v2"))
        #expect(reader.current(at: clock.now)?.board.rows == rows("v2"))
    }

    @Test func read_servesThoseWhoCameDuringIt_whereMaxStalenessAllows() async throws {
        let reader = Self.reader(store, clock) { $0.maxStaleness = .seconds(1) }
        let first = get(reader)
        let read = await store.reads.next()
        clock.advance(by: .milliseconds(1))
        let second = get(reader)
        clock.advance(by: .milliseconds(1))
        read.end(.success(rows("v1")))
        for get in [first, second] { #expect(try await get.value.board.rows == rows("v1")) }
        #expect(store.readsBegun == 1)
    }

    @Test func freshness_takesEffect_whenItIsSetAnew() async throws {
        _ = try await load("v1")
        reader.freshness.maxStaleness = .seconds(1)
        #expect(reader.current(at: clock.now) != nil)
        reader.freshness.readDeadline = .milliseconds(10)
        let get = get()
        let read = await store.reads.next()
        #expect(read.deadline == clock.now + .milliseconds(10))
        read.end(.success(rows("v1")))
        _ = try await get.value
    }

    @Test func slowRead_answersThoseWhoCannotWaitForAnother_andTheNextOneHasItsTime() async throws {
        let first = get()
        let underWay = await store.reads.next()
        clock.advance(by: .milliseconds(10))
        let early = get()
        clock.advance(by: .milliseconds(170))
        let later = get()
        let arrival = clock.now
        clock.advance(by: .milliseconds(20))
        underWay.end(.success(rows("v1")))
        #expect(try await first.value.age == nil)
        let stale = try await early.value
        #expect(stale.board.rows == rows("v1"))
        #expect(stale.age == .milliseconds(200))
        let next = await store.reads.next()
        #expect(next.deadline == arrival + .milliseconds(250))
        next.end(.success(rows("v2")))
        #expect(try await later.value.board.rows == rows("v2"))
    }

    @Test func slowRead_givesNobodyAStaleBoard_whereNoneIsAllowed() async throws {
        reader.freshness.staleIfError = .milliseconds(100)
        let first = get()
        let underWay = await store.reads.next()
        let early = get()
        clock.advance(by: .milliseconds(200))
        underWay.end(.success(rows("v1")))
        _ = try await first.value
        await store.reads.next().end(.success(rows("v2")))
        #expect(try await early.value.board.rows == rows("v2"))
    }
}
