/// Counts the channels that were created through this node and that the last read may have missed.
struct ChannelCount: Sendable {
    private struct Key: Hashable {
        let broadcasterID: BroadcasterID
        let channelID: ChannelID
    }

    /// `beforeRead`: created before the read in progress began, so that it sees them. `sinceRead`: created
    /// later.
    private var beforeRead: Set<Key> = []
    private var sinceRead: Set<Key> = []

    mutating func created(_ change: Change) {
        sinceRead.insert(Key(broadcasterID: change.broadcasterID, channelID: change.channelID))
    }

    mutating func readBegins() {
        beforeRead.formUnion(sinceRead)
        sinceRead = []
    }

    mutating func readEnds() {
        beforeRead = []
    }

    mutating func readFails() {
        sinceRead.formUnion(beforeRead)
        beforeRead = []
    }

    /// Returns the number of channels on the board and of those created since. Nil if this channel is one of
    /// them.
    func count(on board: Board, besides broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Int? {
        let key = Key(broadcasterID: broadcasterID, channelID: channelID)
        if beforeRead.contains(key) || sinceRead.contains(key) || board.has(broadcasterID, channelID) {
            return nil
        }
        return board.rows.count + beforeRead.count + sinceRead.count
    }
}
