internal import Synchronization
package import Time

/// A receiver of the end of reads and health checks. Called on any thread; must not block.
package protocol FeedListener: AnyObject, Sendable {
    func readEnded()
}

/// Coalesces the reads of the store, and keeps the last board read.
///
/// At most one read is in progress per node. A waiter gets the result of a read that began after it
/// subscribed: an earlier read may have missed a PUT that was acknowledged in between. Rows are compared,
/// encoded and hashed on the store's thread. Then each listener is called once, and each loop answers its own
/// waiters.
package final class BoardFeed: Sendable {
    /// How fresh a served board must be (config.example.toml).
    package struct Freshness: Hashable, Sendable {
        /// Maximum age of a board that is served without a read. Zero: every response reflects every PUT
        /// acknowledged by any node before the GET arrived.
        package var maxStaleness: Duration
        /// How long one GET waits for the store.
        package var readDeadline: Duration
        /// Maximum age of a board that is served because the store failed or missed `readDeadline`.
        package var staleIfError: Duration

        package init(maxStaleness: Duration, readDeadline: Duration, staleIfError: Duration) {
            self.maxStaleness = maxStaleness
            self.readDeadline = readDeadline
            self.staleIfError = staleIfError
        }
    }

    /// Deadline of one read of the store. Longer than the default of `readDeadline`, so that a slow read can
    /// still serve later GETs.
    package static let readLimit = Duration.seconds(2)

    private struct State {
        var snapshot: Snapshot
        var readsBegun = 0
        /// The listeners of the read in progress, and those of the next one.
        var listeners: [any FeedListener] = []
        var nextListeners: [any FeedListener] = []
        var channels = ChannelCount()

        var isReading: Bool { readsBegun > snapshot.readsEnded }

        /// Begins the next read for its listeners. Returns its number.
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
        state = Mutex(State(snapshot: Snapshot(freshness: freshness, created: clock.now)))
    }

    /// The freshness settings. A new value takes effect for the next GET.
    package var freshness: Freshness {
        get { state.withLock { $0.snapshot.freshness } }
        set { state.withLock { $0.snapshot.freshness = newValue } }
    }

    /// The current state of the feed.
    package var snapshot: Snapshot {
        state.withLock { $0.snapshot }
    }

    /// See `Snapshot.current`. Copies no snapshot: every GET calls it.
    package func current(at now: Instant) -> Reading? {
        state.withLock { $0.snapshot.current(at: now) }
    }

    /// Starts a read without a waiter, so that the first GET finds a board.
    package func warmUp() {
        let number = state.withLock { $0.isReading ? nil : $0.beginRead() }
        if let number { startRead(number) }
    }

    /// Registers a listener for the end of the next read, and starts that read if none is in progress.
    ///
    /// - Returns: The number of that read. Its result is valid for every request that arrived before this
    ///   call.
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

    /// Stores a change. After it has returned, every GET on this node gets a board of a read that began
    /// later, or a stale board with its age, whatever `maxStaleness` is.
    package func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        let outcome = try await store.put(change, deadline: deadline)
        state.withLock { state in
            state.snapshot.firstCompleteRead = state.readsBegun + 1
            if outcome == .created { state.channels.created(change) }
        }
        return outcome
    }

    /// Returns the number of channels of the last read and of those created through this node since. A
    /// channel created during a read may count twice. Nil if the given channel is one of them, or before the
    /// first successful read.
    package func channelCount(besides broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Int? {
        state.withLock { state in
            guard let board = state.snapshot.lastGoodRead?.board else { return nil }
            return state.channels.count(on: board, besides: broadcasterID, channelID)
        }
    }

    private func startRead(_ number: Int) {
        let began = clock.now
        // Only the read in progress replaces the last board, so `previous` is still the last one when it
        // ends.
        let previous = state.withLock { $0.snapshot.lastGoodRead?.board }
        store.read(deadline: began + Self.readLimit) { rows in
            if let previous, previous.holds(rows) { previous } else { Board(rows: rows) }
        } receive: { [self] result in
            endRead(number, began, result)
        }
    }

    private func endRead(_ number: Int, _ began: Instant, _ result: Result<StoreRead, StoreError>) {
        let (listeners, next) = state.withLock { state in
            state.snapshot.readsEnded = number
            switch result {
            case .success(let read):
                state.snapshot.lastGoodRead = GoodRead(
                    board: read.board, began: began, number: number, takesWrites: read.takesWrites)
                if read.takesWrites { state.snapshot.lastWritable = began }
                state.snapshot.lastFailure = nil
                state.channels.readEnds()
            case .failure(let error):
                state.snapshot.lastFailure = error
                state.channels.readFails()
            }
            let ended = state.listeners
            state.listeners = []
            return (ended, state.nextListeners.isEmpty ? nil : state.beginRead())
        }
        for listener in listeners { listener.readEnded() }
        if let next { startRead(next) }
    }
}
