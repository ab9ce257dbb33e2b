internal import Synchronization
package import Time

/// The operations on the channels of one board, as observed by the callers.
package struct History: Sendable {
    /// One operation on one channel. The instants are measured by the caller. The operation took effect at
    /// some moment between them.
    package struct Operation: Hashable, Sendable {
        package let channel: String
        /// The value written or read; nil before the first write. No value is written twice to a channel.
        package let value: String?
        package let isWrite: Bool
        package let began: Instant
        /// Nil for a write that was not acknowledged: it may take effect at any time, or never.
        package let ended: Instant?

        package init(
            channel: String, value: String?, isWrite: Bool, began: Instant,
            ended: Instant?
        ) {
            self.channel = channel
            self.value = value
            self.isWrite = isWrite
            self.began = began
            self.ended = ended
        }
    }

    package private(set) var operations: [Operation] = []

    package init(operations: [Operation] = []) {
        self.operations = operations
    }

    fileprivate mutating func append(_ operation: Operation) {
        operations.append(operation)
    }

    /// Returns the channels whose operations are not linearizable. Operations are linearizable if they have
    /// an order in which each takes effect between its begin and its end, and each read returns the value of
    /// the last write before it.
    ///
    /// If each value is written once, the test of Gibbons and Korach is exact (Testing Shared Memories, SIAM
    /// J. Comput. 26, 1997). The operations on one value form a zone between the earliest end and the latest
    /// begin. In a forward zone, the earliest end comes first, and the channel must hold the value
    /// throughout. Forward zones may not overlap, and a backward zone may not lie inside a forward one. A
    /// board is linearizable if and only if each channel is (Herlihy and Wing).
    package func violations() -> [String] {
        Dictionary(grouping: operations, by: \.channel).filter { !Self.isLinearizable($0.value) }.map(\.key)
    }

    private struct Zone {
        let earliestEnd: Instant
        let latestBeginning: Instant

        var runsForward: Bool { earliestEnd < latestBeginning }
        var start: Instant { min(earliestEnd, latestBeginning) }
        var end: Instant { max(earliestEnd, latestBeginning) }
    }

    private static func isLinearizable(_ operations: [Operation]) -> Bool {
        guard let dawn = operations.map(\.began).min() else { return true }
        let forever = dawn + .seconds(1_000_000)
        var zones: [Zone] = []
        for (value, group) in Dictionary(grouping: operations, by: \.value) {
            let write = group.first(where: \.isWrite)
            let reads = group.filter { !$0.isWrite }
            // The value was never written, or a read of it ended before its write began.
            guard value == nil || write != nil else { return false }
            if let write, reads.contains(where: { ($0.ended ?? forever) < write.began }) { return false }
            // A write that was neither acknowledged nor read constrains nothing.
            if let write, write.ended == nil, reads.isEmpty { continue }
            let began = value == nil ? dawn - .seconds(1) : write?.began ?? dawn
            let ended = value == nil ? dawn - .seconds(1) : write?.ended ?? forever
            zones.append(
                Zone(
                    earliestEnd: reads.compactMap(\.ended).reduce(ended, min),
                    latestBeginning: reads.map(\.began).reduce(began, max)))
        }
        let forward = zones.filter(\.runsForward).sorted { $0.start < $1.start }
        for (zone, next) in zip(forward, forward.dropFirst()) where next.start < zone.end { return false }
        return zones.filter { !$0.runsForward }.allSatisfy { zone in
            !forward.contains { $0.start < zone.start && zone.end < $0.end }
        }
    }
}

/// Records a history. Any thread may add operations.
package final class HistoryRecorder: Sendable {
    private let recorded = Mutex(History())

    package init() {}

    package var history: History { recorded.withLock { $0 } }

    package func add(
        _ channel: String, _ value: String?, isWrite: Bool, _ began: Instant,
        _ ended: Instant?
    ) {
        let operation = History.Operation(
            channel: channel, value: value, isWrite: isWrite, began: began, ended: ended)
        recorded.withLock { $0.append(operation) }
    }
}
