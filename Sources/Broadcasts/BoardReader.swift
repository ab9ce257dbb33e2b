import Synchronization
package import Time

/// No board can be served: the store failed, and no board is at hand that is young enough (openapi.yaml).
package struct BoardUnavailable: Error, Hashable, Sendable {
    /// What the store said, for the log.
    package let cause: StoreError

    package init(cause: StoreError) {
        self.cause = cause
    }
}

/// The way to the store: GETs share its reads, and a node sees its own PUTs.
///
/// At most one read is under way, so a later read never gives way to an earlier one.
package final class BoardReader: Sendable {
    /// How fresh an answer must be and how long it may take (config.example.toml).
    package struct Freshness: Hashable, Sendable {
        /// A board read at most this long ago is served at once. Zero: every answer reflects every PUT
        /// acknowledged by any node before the GET arrived.
        package var maxStaleness: Duration
        /// How long one GET waits for the store, counted from when it asks for the board.
        package var readDeadline: Duration
        /// How old the last board may be when the store fails.
        package var staleIfError: Duration

        package init(maxStaleness: Duration, readDeadline: Duration, staleIfError: Duration) {
            self.maxStaleness = maxStaleness
            self.readDeadline = readDeadline
            self.staleIfError = staleIfError
        }
    }

    /// A board to answer with.
    package struct Reading: Sendable {
        package let board: Board
        /// How long ago the read of this board began, when it stands in for one that could not be read.
        package let age: Duration?
    }

    /// A read that succeeded.
    package struct GoodRead: Sendable {
        package let board: Board
        package let began: Instant
        /// Reads are counted from 1 in the order in which they begin.
        fileprivate let number: Int
    }

    /// Work that a caller must see to, once: it serves everybody who waits, until nobody does.
    package typealias SharedWork = @Sendable () async -> Void

    private typealias Reads = SingleFlight<Result<Reading, BoardUnavailable>>

    private struct State {
        var freshness: Freshness
        var lastGoodRead: GoodRead?
        var readsBegun = 0
        /// The first read that is certain to see every PUT acknowledged through this node.
        var firstCompleteRead = 0

        /// The board that may be served without asking the store.
        func current(at now: Instant) -> Board? {
            guard freshness.maxStaleness > .zero, let lastGoodRead, lastGoodRead.number >= firstCompleteRead,
                lastGoodRead.began.duration(to: now) <= freshness.maxStaleness
            else { return nil }
            return lastGoodRead.board
        }
    }

    private let store: any BroadcastStore
    private let clock: Clock
    private let state: Mutex<State>
    private let reads = Reads()
    private let checks = SingleFlight<StoreError?>()

    package init(
        store: any BroadcastStore, freshness: Freshness, clock: Clock
    ) {
        self.store = store
        self.clock = clock
        state = Mutex(State(freshness: freshness))
    }

    /// Takes effect for the next GET.
    package var freshness: Freshness {
        get { state.withLock { $0.freshness } }
        set { state.withLock { $0.freshness = newValue } }
    }

    /// The last good read, for metrics. Nil until there is one.
    package var lastGoodRead: GoodRead? {
        state.withLock { $0.lastGoodRead }
    }

    /// The board that `maxStaleness` allows to serve without waiting, or nil.
    package func current(at now: Instant) -> Reading? {
        state.withLock { $0.current(at: now) }.map { Reading(board: $0, age: nil) }
    }

    /// Asks for the board by the next read of the store to begin, or the last one with its age when the store
    /// fails. `receive` is called once, within `readDeadline`, by whoever does the work of reading.
    ///
    /// - Returns: The work of reading, when nobody is at it. Whoever asks before it begins shares its first
    ///   read.
    package func read(
        _ receive: @escaping @Sendable (Result<Reading, BoardUnavailable>) -> Void
    ) -> SharedWork? {
        guard reads.join(askedAt: clock.now, receive) else { return nil }
        return { [self] in await reads.run(readStore) }
    }

    /// Stores a broadcast. Once this returned, every GET on this node reads the store anew or gets a board
    /// read since, whatever `maxStaleness` says.
    package func put(
        _ change: Change, deadline: Instant
    ) async throws(StoreError) -> ChangeOutcome {
        let outcome = try await store.put(change, deadline: deadline)
        state.withLock { $0.firstCompleteRead = $0.readsBegun + 1 }
        return outcome
    }

    /// Asks the store whether it works; `receive` is given what is wrong with it, once, within the limit.
    /// Whoever asks meanwhile shares the next question, so that a crowd of health checks, which need no
    /// token, takes one connection of the store and no more.
    ///
    /// - Returns: The work of checking, when nobody is at it.
    package func check(
        within limit: Duration, _ receive: @escaping @Sendable (StoreError?) -> Void
    ) -> SharedWork? {
        guard checks.join(askedAt: clock.now, receive) else { return nil }
        return { [self] in await checks.run { await checkStore(deadline: $0 + limit) } }
    }

    private func checkStore(deadline: Instant) async -> SingleFlight<StoreError?>.End {
        let problem = await withCheckedContinuation { continuation in
            store.check(deadline: deadline) { continuation.resume(returning: $0) }
        }
        // Whoever asked during the check has its answer too: health need not be fresher than that, and
        // another check could outlast its deadline.
        return SingleFlight.End(outcome: problem, early: (clock.now, problem))
    }

    private func readStore(_ arrival: Instant) async -> Reads.End {
        let (number, readDeadline) = state.withLock { state in
            state.readsBegun += 1
            return (state.readsBegun, state.freshness.readDeadline)
        }
        let began = clock.now
        do throws(StoreError) {
            let previous = lastGoodRead?.board
            let board = try await withCheckedContinuation { continuation in
                store.read(deadline: arrival + readDeadline) { rows in
                    if let previous, previous.holds(rows) { previous } else { Board(rows: rows) }
                } receive: {
                    continuation.resume(returning: $0)
                }
            }.get()
            return succeed(board, began: began, number: number, readDeadline: readDeadline)
        } catch {
            return fail(error, readDeadline: readDeadline)
        }
    }

    private func succeed(
        _ board: Board, began: Instant, number: Int, readDeadline: Duration
    ) -> Reads.End {
        let end = clock.now
        let (isCurrent, staleIfError) = state.withLock { state in
            state.lastGoodRead = GoodRead(board: board, began: began, number: number)
            return (state.current(at: end) != nil, state.freshness.staleIfError)
        }
        let fresh = Result<Reading, BoardUnavailable>.success(Reading(board: board, age: nil))
        // Where `maxStaleness` lets this board be served at once, it serves those who came during the read
        // too.
        if isCurrent { return Reads.End(outcome: fresh, early: (end, fresh)) }
        // A read that takes more than half the time there is comes too late for those who asked early in the
        // one before. They get this board, with its age: a read cut short for their sake would bring nobody
        // another one, and cost the store a connection.
        let age = began.duration(to: end)
        guard age <= staleIfError else { return Reads.End(outcome: fresh) }
        let stale = Result<Reading, BoardUnavailable>.success(Reading(board: board, age: age))
        return Reads.End(outcome: fresh, early: (end + age - readDeadline, stale))
    }

    private func fail(_ cause: StoreError, readDeadline: Duration) -> Reads.End {
        let end = clock.now
        let (lastGoodRead, staleIfError) = state.withLock { ($0.lastGoodRead, $0.freshness.staleIfError) }
        let age = lastGoodRead?.began.duration(to: end)
        let outcome: Result<Reading, BoardUnavailable> =
            if let lastGoodRead, let age, age <= staleIfError {
                .success(Reading(board: lastGoodRead.board, age: age))
            } else {
                .failure(BoardUnavailable(cause: cause))
            }
        // Those who have waited for more than half of their time are answered too: a read that begins with
        // less is likely to be cut short, and costs the store a connection each time.
        return Reads.End(outcome: outcome, early: (end - readDeadline / 2, outcome))
    }
}
