import Synchronization

/// The number of held requests of this node.
final class ListenerCount: Sendable {
    /// What is held.
    enum Kind: String, CaseIterable, Sendable {
        case wait
        case stream
    }

    private let waits = Atomic(0)
    private let streams = Atomic(0)
    private let ceiling: Int

    /// Held requests take at most four fifths of the connections, so that other requests find a place.
    init(maximumConnections: Int) {
        ceiling = maximumConnections * 4 / 5
    }

    /// Registers a request. Returns false if `maximum` or the ceiling is reached.
    func admit(_ kind: Kind, maximum: Int) -> Bool {
        add(1, kind)
        if total <= min(maximum, ceiling) { return true }
        add(-1, kind)
        return false
    }

    func leave(_ kind: Kind) { add(-1, kind) }

    func count(_ kind: Kind) -> Int {
        switch kind {
        case .wait: waits.load(ordering: .relaxed)
        case .stream: streams.load(ordering: .relaxed)
        }
    }

    var total: Int { count(.wait) + count(.stream) }

    private func add(_ number: Int, _ kind: Kind) {
        switch kind {
        case .wait: waits.wrappingAdd(number, ordering: .relaxed)
        case .stream: streams.wrappingAdd(number, ordering: .relaxed)
        }
    }
}
