package import Time

/// A broadcast as stored.
///
/// Its parts are strings, because a row written by another program may contain an id or a version that our
/// rules reject. It is served anyway.
package struct BoardRow: Hashable, Sendable {
    package let broadcasterID: String
    package let channelID: String
    package let version: String

    package init(broadcasterID: String, channelID: String, version: String) {
        self.broadcasterID = broadcasterID
        self.channelID = channelID
        self.version = version
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

    package init(board: Board, takesWrites: Bool) {
        self.board = board
        self.takesWrites = takesWrites
    }
}

/// A store of broadcasts: the single source of truth, shared by all nodes that use the same database.
///
/// Every call ends by its deadline, even if its thread is stuck inside a client library. Cancellation of the
/// calling task is ignored, because other callers may share the result.
package protocol BroadcastStore: Sendable {
    /// Reads all broadcasts, including every change that any node has acknowledged before this call, unless
    /// the server takes no writes.
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

    /// Reads the history of a channel. Nil if there is neither a channel nor an entry of it.
    func history(_ query: HistoryQuery, deadline: Instant) async throws(StoreError) -> HistoryPage?

    /// Runs a query against the table, for the heartbeat. `receive` is called as in `read`, with nil if the
    /// database works.
    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void)

    /// Ends the store's threads and connections. Pending calls fail with `unavailable`.
    func close()
}
