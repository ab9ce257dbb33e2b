internal import Time

/// The connections of one loop that give way to new ones when `max_connections` are open: the one that has
/// been idle longest comes first.
///
/// Other requests pay nothing for this order: connections are not registered here when they become idle. A
/// scan over all connections finds them, and only when a new connection has no place. One scan is enough for
/// a second, because a connection that was not idle then gives way after a second at the earliest.
struct IdleConnections {
    private struct Candidate {
        let id: ConnectionID
        let idleSince: Instant
    }

    /// How long a connection must have been idle.
    static let minimum = Duration.seconds(1)

    /// What the last scan found and has not been taken, the one that has been idle longest last.
    private var candidates: [Candidate] = []
    /// When the candidates of another scan can be more than those of the last one.
    private var nextScan: Instant?

    /// The number of scans, for tests.
    private(set) var scans = 0

    /// Returns the connection that has been idle longest, if that is long enough.
    mutating func longest(of connections: borrowing ConnectionSlots, at now: Instant) -> ConnectionID? {
        if let found = longestKnown(of: connections, at: now) { return found }
        guard candidates.isEmpty, nextScan.map({ now >= $0 }) ?? true else { return nil }
        scan(connections)
        nextScan = now + Self.minimum
        return longestKnown(of: connections, at: now)
    }

    private mutating func longestKnown(
        of connections: borrowing ConnectionSlots, at now: Instant
    ) -> ConnectionID? {
        while let candidate = candidates.last {
            if connections[candidate.id]?.connection.idleSince == candidate.idleSince {
                return candidate.idleSince + Self.minimum <= now ? candidate.id : nil
            }
            // The connection has closed, or has had another request.
            candidates.removeLast()
        }
        // Frees the memory, too.
        candidates = []
        return nil
    }

    private mutating func scan(_ connections: borrowing ConnectionSlots) {
        scans += 1
        for id in connections.ids {
            if let idleSince = connections[id]?.connection.idleSince {
                candidates.append(Candidate(id: id, idleSince: idleSince))
            }
        }
        candidates.sort { $0.idleSince > $1.idleSince }
    }
}
