package import Time

/// One broadcast as the database contains it.
///
/// The parts are plain text: a row that another program wrote may contain an ID or a version that a PUT would
/// reject, and is served nevertheless.
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

/// One change of a channel, requested by a PUT.
package struct Change: Hashable, Sendable {
    package let broadcasterID: BroadcasterID
    package let channelID: ChannelID
    /// The new version of the channel.
    package let version: Version
    /// The ID to which the token of the request belongs.
    package let author: String
    package let requestID: String

    package init(
        broadcasterID: BroadcasterID, channelID: ChannelID, version: Version, author: String,
        requestID: String
    ) {
        self.broadcasterID = broadcasterID
        self.channelID = channelID
        self.version = version
        self.author = author
        self.requestID = requestID
    }

    /// Whether a store may run the change again if the result was lost. Running a plain PUT twice is
    /// harmless: it can only overwrite another PUT to the same channel in between, as can any client that
    /// repeats a failed request.
    package var isRepeatable: Bool { true }
}

/// The result of a change.
package enum ChangeOutcome: Hashable, Sendable {
    /// The channel had no version before.
    case created
    /// The channel had another version before.
    case changed
    /// The channel had this version already; nothing was written.
    case unchanged
}

/// The error of a store operation.
///
/// The texts are for the log. They contain no password, and are not sent to clients.
package enum StoreError: Error, Hashable, Sendable {
    /// The deadline passed before the database responded. The outcome of a write is unknown.
    case deadlineExceeded
    /// The database is known to be down. Calls fail at once until it is back.
    case unavailable(String)
    /// The database returned an error, or the connection to it was lost.
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

/// A store of broadcasts: the single source of truth, shared by all nodes that use the same database.
///
/// Every call ends by its deadline: a thread stuck in a client library is left behind, and its connection is
/// closed. Cancellation of the calling task is ignored, because other callers may wait for the same result.
package protocol BroadcastStore: Sendable {
    /// Reads all broadcasts, with every change that any node acknowledged before this call.
    ///
    /// `make` is called with the rows, in any order, on the store's thread and as part of the read: it
    /// renders and hashes the board. If nothing has changed since the store's last read, `make` is not
    /// called, and `receive` gets the same board again.
    ///
    /// `receive` is called exactly once, by the deadline, on any thread, after the store's thread has become
    /// free for its next call. An error that is known at once (the database is down, too many calls are
    /// waiting) is delivered before this call returns, on the caller's thread.
    ///
    /// Neither closure may wait for anything.
    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<Board, StoreError>) -> Void)

    /// Stores one change and returns after the commit.
    ///
    /// An equal version changes neither the row nor its `last_updated`.
    func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome

    /// Runs a query, for the heartbeat. `receive` is called as in `read`, with nil if the database works.
    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void)

    /// Ends the store's threads and connections. Pending calls fail with `unavailable`.
    func close()
}
