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

/// One broadcast that passed every rule and may be stored.
package struct Broadcast: Hashable, Sendable {
    package let broadcasterID: BroadcasterID
    package let channelID: ChannelID
    package let version: Version

    package init(broadcasterID: BroadcasterID, channelID: ChannelID, version: Version) {
        self.broadcasterID = broadcasterID
        self.channelID = channelID
        self.version = version
    }
}

/// What a PUT did to the store.
package enum PutOutcome: Hashable, Sendable {
    /// The channel had no version before.
    case created
    /// The channel had another version before.
    case changed
    /// The channel had this very version; nothing was written.
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

/// Where broadcasts are kept: the one truth, shared by every node that uses the same database.
///
/// Every call returns or throws by its deadline, whatever the database does: a call stuck inside a client
/// library is left behind, and its connection is thrown away. That the calling task is cancelled changes
/// nothing: others may be waiting for the result of its call.
package protocol BroadcastStore: Sendable {
    /// Reads all broadcasts, in any order.
    ///
    /// The result reflects every `put` that any node has acknowledged before this call began.
    func readRows(deadline: Instant) async throws(StoreError) -> [BoardRow]

    /// Stores one broadcast and returns after the commit.
    ///
    /// An equal version changes neither the row nor its `last_updated`. Running it twice is harmless.
    func put(_ broadcast: Broadcast, deadline: Instant) async throws(StoreError) -> PutOutcome

    /// Asks the database a real question, for the heartbeat.
    func check(deadline: Instant) async throws(StoreError)

    /// Ends the store's threads and connections. Calls still waiting throw `unavailable`.
    func close()
}
