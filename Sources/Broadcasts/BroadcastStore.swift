package import Time

/// A broadcast as stored.
///
/// Its parts are strings, because a row written by another program may contain an id or a version that our
/// rules reject. It is served anyway.
package struct BoardRow: Hashable, Sendable {
    package let broadcasterID: String
    package let channelID: String
    /// The version that readers see.
    package let version: String
    /// The version that is accepted but not announced yet; nil if nothing is held.
    package var held: HeldVersion?

    package init(broadcasterID: String, channelID: String, version: String, held: HeldVersion? = nil) {
        self.broadcasterID = broadcasterID
        self.channelID = channelID
        self.version = version
        self.held = held
    }

    /// Creates the row of a channel as it is at a time.
    package init(broadcasterID: String, channelID: String, _ channel: StoredChannel, at now: Int) {
        self.init(
            broadcasterID: broadcasterID, channelID: channelID, version: channel.announced(at: now))
        if channel.isHeld(at: now), let announceAt = channel.announceAt {
            held = HeldVersion(version: channel.version, announceAt: announceAt)
        }
    }

    /// The row as its broadcaster sees it.
    var accepted: BoardRow {
        guard let held else { return self }
        return BoardRow(broadcasterID: broadcasterID, channelID: channelID, version: held.version)
    }
}

/// A version that readers see only later.
package struct HeldVersion: Hashable, Sendable {
    package let version: String
    /// In microseconds since 1970-01-01 00:00 UTC, by the database's clock.
    package let announceAt: Int

    package init(version: String, announceAt: Int) {
        self.version = version
        self.announceAt = announceAt
    }
}

/// An error of a store.
///
/// The texts are for the operator's log. They never contain a password and are never sent to a client.
package enum StoreError: Error, Hashable, Sendable {
    /// The deadline passed before the store answered. The outcome of a write is unknown.
    case deadlineExceeded
    /// The call was refused: the database is down, too many calls are waiting, the system has no thread left,
    /// or the store is closed. If the store was closed during the call, the outcome of a write is unknown.
    case unavailable(String)
    /// The store answered with an error, or the connection to it broke.
    case failed(String)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .deadlineExceeded: "no answer from the database in time"
        case .unavailable(let reason), .failed(let reason): reason
        }
    }
}

/// A successful read of a store.
package struct StoreRead: Sendable {
    package let board: Board
    /// Whether the server that was read takes writes. If it does not (a replica, a demoted primary), the
    /// board may be behind.
    package let takesWrites: Bool
    /// The time from the read to the next announcement of a held version; nil if nothing is held.
    package let nextAnnouncement: Duration?

    package init(board: Board, takesWrites: Bool, nextAnnouncement: Duration? = nil) {
        self.board = board
        self.takesWrites = takesWrites
        self.nextAnnouncement = nextAnnouncement
    }
}

/// A store of broadcasts: the single source of truth, shared by all nodes that use the same database.
///
/// Every call ends by its deadline, even if its thread is stuck inside a client library. Cancellation of the
/// calling task is ignored, because other callers may share the result.
package protocol BroadcastStore: Sendable {
    /// Reads all broadcasts, including every change that any node has acknowledged before this call, unless
    /// the server takes no writes. Records the announcements whose time has come before it reads.
    ///
    /// `make` is called with the rows, in any order, on the store's thread, and renders and hashes them
    /// there. If nothing has changed since the store's last read, `make` is not called, and `receive` gets
    /// the same board again.
    ///
    /// `receive` is called exactly once, by the deadline, on any thread, after the store's thread has become
    /// free for its next call. If the call is refused at once (the database is down, too many calls are
    /// waiting), it is called on the caller's thread before this function returns.
    ///
    /// Neither closure may block.
    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void)

    /// Applies one change. Returns after the commit.
    ///
    /// Decision and write are one step for all nodes. An equal version changes neither the row nor its
    /// `last_updated`. A change is recorded in the history in the same transaction; if the history cannot be
    /// written, the change is applied without an entry.
    func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome

    /// Looks for the columns that hold versions back, which `migrate` may have added since the start.
    /// `receive` is called as in `read`, with whether the store can hold versions back.
    func findHoldBack(deadline: Instant, receive: @escaping @Sendable (Bool) -> Void)

    /// Reads the history of a channel. Nil if there is neither a channel nor an entry of it.
    func history(_ query: HistoryQuery, deadline: Instant) async throws(StoreError) -> HistoryPage?

    /// Runs a query against the table, for the heartbeat. `receive` is called as in `read`, with nil if the
    /// database works.
    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void)

    /// Ends the store's threads and connections. Pending calls fail with `unavailable`.
    func close()
}
