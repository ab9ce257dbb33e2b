import Synchronization

/// Finds rows that our own rules would refuse, so that each is told once. They are served all the same:
/// another program wrote them, and a GET must not fail for them.
package final class NonconformingRows: Sendable {
    /// No more are remembered, nor told, so that a table full of them floods neither memory nor log.
    private static let limit = 100
    private let known = Mutex<Set<BoardRow>>([])

    package init() {}

    /// A line for the log about each such row that has not been told yet, its parts escaped.
    package func warnings(about rows: [BoardRow]) -> [String] {
        let odd = rows.filter(Self.isOdd)
        let new = known.withLock { known in
            odd.filter { known.count < Self.limit && known.insert($0).inserted }
        }
        return new.map { row in
            "A row of another program is served as it is: broadcaster \(row.broadcasterID.debugDescription), "
                + "channel \(row.channelID.debugDescription), version \(row.version.debugDescription)"
        }
    }

    private static func isOdd(_ row: BoardRow) -> Bool {
        BroadcasterID(row.broadcasterID) == nil || ChannelID(row.channelID) == nil
            || !(1...Version.maximumLength).contains(row.version.utf8.count)
            || !row.version.utf8.allSatisfy { $0 < 0x80 }
    }
}
