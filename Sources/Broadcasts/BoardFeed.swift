internal import Synchronization
package import Time

/// Is told on any thread, by the feed, that a read of the store has ended. It must not block.
package protocol FeedListener: AnyObject, Sendable {
    func readEnded()
}

/// Reads the store for everyone who waits for the board, and knows the last board that was read.
///
/// At most one read is under way in a node. A waiter is answered by a read that began after it asked: one
/// that began earlier may have missed a PUT that was acknowledged in between. Rows are compared, rendered
/// and hashed on the store's thread; then each loop with waiters is told once, and answers its own.
package final class BoardFeed: Sendable {
    /// How fresh an answer must be (config.example.toml).
    package struct Freshness: Hashable, Sendable {
        /// A board read at most this long ago is served at once. Zero: every answer reflects every PUT
        /// acknowledged by any node before the GET arrived.
        package var maxStaleness: Duration
        /// How long one GET waits for the store.
        package var readDeadline: Duration
        /// Maximum age of the last board when the store fails or is late.
        package var staleIfError: Duration

        package init(maxStaleness: Duration, readDeadline: Duration, staleIfError: Duration) {
            self.maxStaleness = maxStaleness
            self.readDeadline = readDeadline
            self.staleIfError = staleIfError
        }
    }

    /// How long a read of the store may take. Longer than one GET waits: its result is for the next ones.
    package static let readLimit = Duration.seconds(2)

    private struct State {
        var freshness: Freshness
        var lastGoodRead: GoodRead?
        var lastFailure: StoreError?
        /// Reads are numbered from 1 in the order in which they begin.
        var readsBegun = 0
        var readsEnded = 0
        /// The first read that is certain to see every PUT acknowledged through this node.
        var firstCompleteRead = 0
        /// Who is told when the read under way ends, and who when the next one does.
        var listeners: [any FeedListener] = []
        var nextListeners: [any FeedListener] = []
        var channels = ChannelCount()

        var isReading: Bool { readsBegun > readsEnded }

        /// Begins the next read, for those who wait for it. Returns its number.
        mutating func beginRead() -> Int {
            readsBegun += 1
            listeners = nextListeners
            nextListeners = []
            channels.readBegins()
            return readsBegun
        }
    }

    private let store: any BroadcastStore
    private let clock: Clock
    private let state: Mutex<State>

    package init(store: any BroadcastStore, freshness: Freshness, clock: Clock) {
        self.store = store
        self.clock = clock
        state = Mutex(State(freshness: freshness))
    }

    /// Takes effect for the next GET.
    package var freshness: Freshness {
        get { state.withLock { $0.freshness } }
        set { state.withLock { $0.freshness = newValue } }
    }

    /// What is known now.
    package var snapshot: Snapshot {
        state.withLock { state in
            Snapshot(
                freshness: state.freshness, lastGoodRead: state.lastGoodRead, lastFailure: state.lastFailure,
                readsEnded: state.readsEnded, firstCompleteRead: state.firstCompleteRead)
        }
    }

    /// The board that `maxStaleness` allows to serve without waiting.
    package func current(at now: Instant) -> Reading? {
        let board = state.withLock { state -> Board? in
            guard state.freshness.maxStaleness > .zero, let read = state.lastGoodRead,
                read.number >= state.firstCompleteRead,
                read.began.duration(to: now) <= state.freshness.maxStaleness
            else { return nil }
            return read.board
        }
        return board.map { Reading(board: $0, age: nil) }
    }

    /// Reads once with nobody waiting, so that the first GET finds a board.
    package func warmUp() {
        let number = state.withLock { $0.isReading ? nil : $0.beginRead() }
        if let number { startRead(number) }
    }

    /// Asks to be told when the next read to begin has ended, and begins it when none is under way.
    ///
    /// - Returns: The number of that read: it answers everyone who asked before this call.
    package func subscribe(_ listener: any FeedListener) -> Int {
        let (number, mustStart) = state.withLock { state in
            if !state.nextListeners.contains(where: { $0 === listener }) {
                state.nextListeners.append(listener)
            }
            return state.isReading ? (state.readsBegun + 1, false) : (state.beginRead(), true)
        }
        if mustStart { startRead(number) }
        return number
    }

    /// Stores a change. Once this has returned, every GET on this node reads the store again or gets a
    /// board that was read since, whatever `maxStaleness` says.
    package func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        let outcome = try await store.put(change, deadline: deadline)
        state.withLock { state in
            state.firstCompleteRead = state.readsBegun + 1
            if outcome == .created { state.channels.created(change) }
        }
        return outcome
    }

    /// How many channels there may be if this one is new: those of the last read and those created here
    /// since. Nil when the last read has the channel, or nothing has been read yet.
    package func channelCount(besides broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Int? {
        state.withLock { state in
            guard let board = state.lastGoodRead?.board else { return nil }
            return state.channels.count(on: board, besides: broadcasterID, channelID)
        }
    }

    private func startRead(_ number: Int) {
        let began = clock.now
        // Only the one read under way replaces the last board, so it is the one to compare with.
        let previous = state.withLock { $0.lastGoodRead?.board }
        store.read(deadline: began + Self.readLimit) { rows in
            if let previous, previous.holds(rows) { previous } else { Board(rows: rows) }
        } receive: { [self] result in
            endRead(number, began, result)
        }
    }

    private func endRead(_ number: Int, _ began: Instant, _ result: Result<Board, StoreError>) {
        let (listeners, next) = state.withLock { state in
            state.readsEnded = number
            switch result {
            case .success(let board):
                state.lastGoodRead = GoodRead(board: board, began: began, number: number)
                state.lastFailure = nil
                state.channels.readEnds()
            case .failure(let error):
                state.lastFailure = error
                state.channels.readFails()
            }
            let told = state.listeners
            state.listeners = []
            return (told, state.nextListeners.isEmpty ? nil : state.beginRead())
        }
        for listener in listeners { listener.readEnded() }
        if let next { startRead(next) }
    }
}
