import Synchronization

/// The number of held requests of this node.
final class ListenerCount: Sendable {
    /// What is held.
    enum Kind: String, CaseIterable, Sendable {
        case wait
        case stream
    }

    private let all = Atomic(0)
    private let waits = Atomic(0)
    private let ceiling: Int

    /// Held requests take at most four fifths of the connections, so that other requests find a place.
    init(maximumConnections: Int) {
        ceiling = maximumConnections * 4 / 5
    }

    /// Registers a request. Returns false if `maximum` or the ceiling is reached.
    func admit(_ kind: Kind, maximum: Int) -> Bool {
        let limit = min(maximum, ceiling)
        var present = total
        while present < limit {
            let (isAdded, found) = all.weakCompareExchange(
                expected: present, desired: present + 1, ordering: .relaxed)
            if isAdded {
                if kind == .wait { waits.add(1, ordering: .relaxed) }
                return true
            }
            present = found
        }
        return false
    }

    func leave(_ kind: Kind) {
        if kind == .wait { waits.subtract(1, ordering: .relaxed) }
        all.subtract(1, ordering: .relaxed)
    }

    func count(_ kind: Kind) -> Int {
        let waits = waits.load(ordering: .relaxed)
        return kind == .wait ? waits : max(0, total - waits)
    }

    var total: Int { all.load(ordering: .relaxed) }
}
