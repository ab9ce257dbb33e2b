import Synchronization

/// Finds rows that a PUT would reject, so that each is logged once. Another program wrote them. They are
/// served unchanged, because a GET must not fail for them.
package final class NonconformingRows: Sendable {
    /// Maximum number of rows that are remembered and logged. Bounds memory and log.
    private static let limit = 100
    private let known = Mutex<Set<BoardRow>>([])

    package init() {}

    /// Returns a log line for each such row that has not been logged yet. Values are escaped.
    package func warnings(about rows: [BoardRow]) -> [String] {
        let nonconforming = rows.filter(Self.isNonconforming)
        let new = known.withLock { known in
            nonconforming.filter { known.count < Self.limit && known.insert($0).inserted }
        }
        return new.map { row in
            "A row of another program is served unchanged: "
                + "broadcaster \(row.broadcasterID.debugDescription), "
                + "channel \(row.channelID.debugDescription), version \(row.version.debugDescription)"
        }
    }

    private static func isNonconforming(_ row: BoardRow) -> Bool {
        BroadcasterID(row.broadcasterID) == nil || ChannelID(row.channelID) == nil
            || !(1...Version.maximumLength).contains(row.version.utf8.count)
            || !row.version.utf8.allSatisfy { $0 < 0x80 }
    }
}
