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
///
/// While a loop holds requests that wait for a change, reads also begin by themselves: after an own PUT, and
/// every `watchInterval`. The feed has no thread for that; the loops call `readIfDue`.
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
        /// How often the store is read while requests are held.
        package var watchInterval: Duration

        package init(
            maxStaleness: Duration, readDeadline: Duration, staleIfError: Duration, watchInterval: Duration
        ) {
            self.maxStaleness = maxStaleness
            self.readDeadline = readDeadline
            self.staleIfError = staleIfError
            self.watchInterval = watchInterval
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
        /// The listeners of the loops that hold requests.
        var holders: [any FeedListener] = []
        /// Whether this node has stored a change that the read in progress may miss.
        var mustReadAgain = false
        /// When the last read began, and how long after that the next one is due while requests are held.
        var lastBegan: Instant?
        var pause = Duration.zero
        var channels = ChannelCount()

        var isReading: Bool { readsBegun > snapshot.readsEnded }

        /// Returns when the next read is due while requests are held: when `interval` has passed, or when a
        /// held version is announced.
        func nextRead(after lastBegan: Instant, interval: Duration) -> Instant {
            let due = lastBegan + max(interval, pause)
            guard let announcement = snapshot.lastGoodRead?.nextAnnouncement, lastBegan < announcement else {
                return due
            }
            return min(due, announcement)
        }

        /// Begins the next read for its listeners. Returns its number.
        mutating func beginRead(at now: Instant) -> Int {
            readsBegun += 1
            lastBegan = now
            mustReadAgain = false
            listeners = nextListeners
            nextListeners = []
            channels.readBegins()
            return readsBegun
        }

        /// Begins the next read if a waiter or a held request needs it.
        mutating func beginReadIfNeeded(at now: Instant) -> Int? {
            let isNeeded = !nextListeners.isEmpty || mustReadAgain && !holders.isEmpty
            return isNeeded ? beginRead(at: now) : nil
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
        let now = clock.now
        let number = state.withLock { $0.isReading ? nil : $0.beginRead(at: now) }
        if let number { startRead(number, at: now) }
    }

    /// Registers a listener for the end of the next read, and starts that read if none is in progress.
    ///
    /// - Returns: The number of that read. Its result is valid for every request that arrived before this
    ///   call.
    package func subscribe(_ listener: any FeedListener) -> Int {
        let now = clock.now
        let (number, mustStart) = state.withLock { state in
            if !state.nextListeners.contains(where: { $0 === listener }) {
                state.nextListeners.append(listener)
            }
            return state.isReading ? (state.readsBegun + 1, false) : (state.beginRead(at: now), true)
        }
        if mustStart { startRead(number, at: now) }
        return number
    }

    /// Registers a listener whose loop holds requests. It is called after each read that changed the board or
    /// that succeeded after a failure.
    package func hold(_ listener: any FeedListener) {
        state.withLock { $0.holders.append(listener) }
    }

    /// Removes a listener whose loop holds no request any more.
    package func release(_ listener: any FeedListener) {
        state.withLock { state in state.holders.removeAll { $0 === listener } }
    }

    /// Begins a read if requests are held and `watchInterval` has passed since the last read began. A slow
    /// store is read less often: after four times the duration of a read.
    ///
    /// - Returns: When to call again.
    package func readIfDue(at now: Instant) -> Instant {
        let (number, next) = state.withLock { state -> (Int?, Instant) in
            let interval = state.snapshot.freshness.watchInterval
            guard !state.isReading else { return (nil, now + interval) }
            if let lastBegan = state.lastBegan {
                let due = state.nextRead(after: lastBegan, interval: interval)
                if due > now { return (nil, due) }
            }
            return (state.beginRead(at: now), now + interval)
        }
        if let number { startRead(number, at: now) }
        return next
    }

    /// Applies a change. After it has returned, every GET on this node gets a board of a read that began
    /// later, or a stale board with its age, whatever `maxStaleness` is. While requests are held, that read
    /// begins at once.
    package func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        let outcome = try await store.apply(change, deadline: deadline)
        let now = clock.now
        let number = state.withLock { state in
            state.snapshot.firstCompleteRead = state.readsBegun + 1
            switch outcome {
            case .created: state.channels.created(change)
            case .deleted: state.channels.deleted(change)
            default: break
            }
            if outcome.isWritten { state.mustReadAgain = true }
            return state.isReading ? nil : state.beginReadIfNeeded(at: now)
        }
        if let number { startRead(number, at: now) }
        return outcome
    }

    /// Reads the history of a channel; see `BroadcastStore.history`.
    package func history(_ query: HistoryQuery) async throws(StoreError) -> HistoryPage? {
        try await store.history(query, deadline: clock.now + Self.readLimit)
    }

    /// Returns the number of channels of the last read and of those created through this node since. A
    /// channel created during a read may count twice. Nil if the given channel is one of them, or before the
    /// first successful read.
    package func channelCount(besides channel: ChannelName) -> Int? {
        state.withLock { state in
            guard let board = state.snapshot.lastGoodRead?.board else { return nil }
            return state.channels.count(on: board, besides: channel)
        }
    }

    private func startRead(_ number: Int, at began: Instant) {
        // Only the read in progress replaces the last board, so `previous` is still the last one when it
        // ends.
        let previous = state.withLock { $0.snapshot.lastGoodRead?.board }
        store.read(deadline: began + Self.readLimit) { rows in
            if let previous, previous.holds(rows) { previous } else { Board(rows: rows, previous: previous) }
        } receive: { [self] result in
            endRead(number, began, result)
        }
    }

    private func endRead(_ number: Int, _ began: Instant, _ result: Result<StoreRead, StoreError>) {
        let now = clock.now
        let (listeners, next) = state.withLock { state in
            state.snapshot.readsEnded = number
            var ended = state.listeners
            state.listeners = []
            switch result {
            case .success(let read):
                let isNews =
                    state.snapshot.lastFailure != nil || state.snapshot.lastGoodRead?.board !== read.board
                state.snapshot.lastGoodRead = GoodRead(
                    board: read.board, began: began, ended: now, number: number,
                    takesWrites: read.takesWrites, nextAnnouncement: read.nextAnnouncement.map { began + $0 })
                if read.takesWrites { state.snapshot.lastWritable = began }
                state.snapshot.lastFailure = nil
                state.pause = began.duration(to: now) * 4
                state.channels.readEnds()
                if isNews { ended += state.holders.filter { holder in !ended.contains { $0 === holder } } }
            case .failure(let error):
                state.snapshot.lastFailure = error
                state.pause = .zero
                state.channels.readFails()
            }
            return (ended, state.beginReadIfNeeded(at: now))
        }
        for listener in listeners { listener.readEnded() }
        if let next { startRead(next, at: now) }
    }
}
