internal import Crypto

/// The state of one resource: the content of the response to GET, and its entity tag.
///
/// Immutable. Equal bytes have equal tags, on every node and after every restart.
package final class Content: Sendable {
    package let body: [UInt8]
    /// The strong entity tag of the body, quotes included: its SHA-256 in hexadecimal (RFC 9110 section
    /// 8.8.3).
    package let entityTag: String
    /// The first 64 bits of the digest: a short form of the tag for comparisons in memory.
    package let fingerprint: UInt64

    package init(body: [UInt8]) {
        self.body = body
        let digest = SHA256Digest(hashing: body.span)
        entityTag = "\"\(digest.hexadecimal)\""
        fingerprint = digest.words.0
    }

    /// The entity tag without its quotes: the ID of the event that carries this state.
    package var id: Substring { entityTag.dropFirst().dropLast() }
}

/// The part of the board that a URL covers.
package enum BoardView: Hashable, Sendable {
    /// All broadcasts.
    case board
    /// All channels of a broadcaster.
    case broadcaster(BroadcasterID)
    /// One channel.
    case channel(BroadcasterID, ChannelID)
    /// All channels of a broadcaster as it sees them itself: with the versions that are held.
    case ownBroadcaster(BroadcasterID)
    /// One channel as its broadcaster sees it.
    case ownChannel(BroadcasterID, ChannelID)
}
