internal import Synchronization
package import Time

/// What happened to the channels of one board, as the callers saw it.
package struct History: Sendable {
    /// One operation on one channel. Instants are those of the callers: the operation took effect at some
    /// moment between.
    package struct Operation: Hashable, Sendable {
        package let channel: String
        /// Written or read; nil is the state before the first write. No value is written twice to a channel.
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

    /// The channels on which no order of the operations explains what was read: each takes effect between its
    /// beginning and its end, and a read gives the value of the last write before it.
    ///
    /// With values written once, Gibbons and Korach's test is exact (Testing Shared Memories, SIAM J. Comput.
    /// 26, 1997): all operations of one value form a zone, from the earliest end to the latest beginning.
    /// Zones that run forward, in which the value must have held throughout, may not overlap; one that runs
    /// backward, which needs but a moment, may not lie inside one that runs forward. A register is
    /// linearizable if and only if each channel is (Herlihy and Wing).
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
            // Nobody has written it, or somebody read it before its write began.
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

/// A history in the making, to which callers on any thread add what they saw.
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
