package import Time

/// One stored broadcast as the store holds it.
///
/// The parts are plain text on purpose: a row that another program wrote may hold an identifier or a version
/// that our own rules refuse, and it must be served all the same.
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

/// A change to one channel that passed every rule and may be stored.
package struct Change: Hashable, Sendable {
    package let broadcasterID: BroadcasterID
    package let channelID: ChannelID
    package let version: Version
    /// The id of the token that it was sent with.
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

    /// Whether it may run again after its outcome was lost: a version that had been stored is stored again.
    package var isRepeatable: Bool { true }
}

/// What a change did to the store.
package enum ChangeOutcome: Hashable, Sendable {
    /// The channel had no version before.
    case created
    /// The channel had another version before.
    case changed
    /// The channel had this version; nothing was written.
    case unchanged
}

/// Why a store could not do what was asked.
///
/// The texts are for the operator's log. They never hold a password, and no client ever sees them.
package enum StoreError: Error, Hashable, Sendable {
    /// The deadline passed before the store answered; the outcome of a write is unknown.
    case deadlineExceeded
    /// The store is known to be down, and callers fail at once until it is back.
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

/// Where broadcasts are stored: the single source of truth, shared by every node that uses the same
/// database.
///
/// Every call ends by its deadline, whatever the database does: a call that is stuck in a client library is
/// left behind, and its connection is dropped. Cancelling the calling task changes nothing: others may wait
/// for the same result.
package protocol BroadcastStore: Sendable {
    /// Reads all broadcasts.
    ///
    /// The result reflects every change that any node has acknowledged before this call. Neither function
    /// may block.
    ///
    /// - Parameters:
    ///   - deadline: When the read has failed at the latest.
    ///   - make: Called on the store's thread, while that is busy with this read, with the rows in any order.
    ///   - receive: Called exactly once, on any thread, by the deadline at the latest, when the store's
    ///     thread is free
    ///     for its next call. A failure that is known at once is passed before this call returns.
    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<Board, StoreError>) -> Void)

    /// Stores one change and returns after the commit.
    ///
    /// An equal version changes neither the row nor its `last_updated`.
    func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome

    /// Asks the database a real question, for the heartbeat. `receive` is called as in `read`, with nil
    /// when the database works.
    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void)

    /// Ends the store's threads and connections. Calls that still wait fail with `unavailable`.
    func close()
}
