internal import Bytes

/// The name of a broadcaster: 1 to 64 characters of `A-Z a-z 0-9 - _` (openapi.yaml). Case matters.
package struct BroadcasterID: Hashable, Sendable {
    package let text: String

    /// Nil if the text violates this rule.
    package init?(_ text: String) {
        guard isIdentifier(text, maximumLength: 64) else { return nil }
        self.text = text
    }
}

/// The name of a channel within its broadcaster: 1 to 128 characters of `A-Z a-z 0-9 - _`. Case matters.
package struct ChannelID: Hashable, Sendable {
    package let text: String

    /// Nil if the text violates this rule.
    package init?(_ text: String) {
        guard isIdentifier(text, maximumLength: 128) else { return nil }
        self.text = text
    }
}

/// A channel and its broadcaster.
package struct ChannelName: Hashable, Sendable {
    package let broadcasterID: BroadcasterID
    package let channelID: ChannelID

    package init(_ broadcasterID: BroadcasterID, _ channelID: ChannelID) {
        self.broadcasterID = broadcasterID
        self.channelID = channelID
    }

    /// Parses `broadcaster/channel`. Nil if a part violates its rule.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let broadcasterID = BroadcasterID(parts[0]),
            let channelID = ChannelID(parts[1])
        else { return nil }
        self.init(broadcasterID, channelID)
    }

    package var text: String { "\(broadcasterID.text)/\(channelID.text)" }
}

/// Returns whether every byte is in the URL-safe base64 alphabet (RFC 4648 section 5) and the length in bytes
/// is from 1 to the maximum.
private func isIdentifier(_ text: String, maximumLength: Int) -> Bool {
    let bytes = text.utf8
    guard (1...maximumLength).contains(bytes.count) else { return false }
    return bytes.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
}
