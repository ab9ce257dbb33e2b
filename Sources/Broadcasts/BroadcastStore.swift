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

/// One change of a channel, requested by a PUT.
package struct Change: Hashable, Sendable {
    package let broadcasterID: BroadcasterID
    package let channelID: ChannelID
    /// The version that the channel is to have.
    package let version: Version
    /// The id of the token that the request carried.
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

    /// Whether a store may run the change again after its answer was lost. Running a plain PUT twice is
    /// harmless: only somebody who writes the same channel in between can tell, as with any client that
    /// repeats a failed request.
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
/// Every call ends by its deadline, whatever the database does: a call stuck inside a client library is left
/// behind, and its connection is closed. Cancellation of the calling task is ignored, because others may be
/// waiting for the result of its call.
package protocol BroadcastStore: Sendable {
    /// Reads all broadcasts. They reflect every change that any node has acknowledged before this call.
    ///
    /// `make` is called with the rows, in any order, on the store's thread, while that is busy with this
    /// read: rendering and hashing happen there. When nothing has changed since the store's last read, it is
    /// not called, and `receive` gets the same board again.
    ///
    /// `receive` is called exactly once, by the deadline at the latest, on any thread, after the store's
    /// thread has become free for its next call. A failure that is known at once (the database is down, too
    /// many calls are waiting) is delivered before this call returns, on the caller's thread.
    ///
    /// Neither closure may block on anything but its own work.
    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<Board, StoreError>) -> Void)

    /// Stores one change and returns after the commit.
    ///
    /// An equal version changes neither the row nor its `last_updated`.
    func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome

    /// Asks the database a real question, for the heartbeat. `receive` is called as in `read`, with nil when
    /// the database works.
    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void)

    /// Ends the store's threads and connections. Pending calls fail with `unavailable`.
    func close()
}
