/// Counts the channels that were created through this node and that the last read may have missed.
struct ChannelCount: Sendable {
    /// `beforeRead`: created before the read in progress began, so that it sees them. `sinceRead`: created
    /// later.
    private var beforeRead: Set<ChannelName> = []
    private var sinceRead: Set<ChannelName> = []

    mutating func created(_ change: Change) {
        sinceRead.insert(change.channel)
    }

    mutating func deleted(_ change: Change) {
        sinceRead.remove(change.channel)
        beforeRead.remove(change.channel)
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
    func count(on board: Board, besides channel: ChannelName) -> Int? {
        if beforeRead.contains(channel) || sinceRead.contains(channel)
            || board.has(channel.broadcasterID, channel.channelID)
        {
            return nil
        }
        return board.rows.count + beforeRead.count + sinceRead.count
    }
}
