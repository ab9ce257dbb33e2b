internal import Synchronization
internal import Time

/// The state that the loops of a server share.
final class ServerState: Sendable {
    private let connections = Atomic<Int>(0)
    private let rejected = Atomic<Int>(0)
    private let drainDeadline = Mutex<Instant?>(nil)
    private let draining = Atomic<Bool>(false)
    private let loops: Atomic<Int>
    let maximumConnections: Int
    let maximumRejected: Int
    let exhaustionLog = LogThrottle()
    let unwatchedLog = LogThrottle()

    init(
        maximumConnections: Int, maximumRejected: Int = ServerConfiguration.mostRejectedConnections,
        loops: Int = 1
    ) {
        self.maximumConnections = maximumConnections
        self.maximumRejected = maximumRejected
        self.loops = Atomic(loops)
    }

    /// Number of loops that are running.
    var runningLoops: Int { loops.load(ordering: .acquiring) }

    /// Registers the end of a loop. Returns whether it was the last one.
    func loopEnded() -> Bool {
        loops.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }

    /// Number of open connections over all loops, without those that are being rejected.
    var openConnections: Int { connections.load(ordering: .relaxed) }

    /// Whether another connection has a place.
    var hasPlace: Bool { openConnections < maximumConnections }

    /// Whether another connection over the limit may wait for its 503 to be sent.
    var mayReject: Bool { rejected.load(ordering: .relaxed) < maximumRejected }

    /// Registers a connection. Returns false above the limit.
    func connectionOpened() -> Bool {
        if connections.add(1, ordering: .relaxed).newValue <= maximumConnections { return true }
        connections.subtract(1, ordering: .relaxed)
        return false
    }

    /// Registers a connection over the limit, to which the caller owes a 503. Returns false if too many
    /// others wait for theirs.
    func connectionRejected() -> Bool {
        if rejected.add(1, ordering: .relaxed).newValue <= maximumRejected { return true }
        rejected.subtract(1, ordering: .relaxed)
        return false
    }

    func connectionClosed(wasOverLimit: Bool) {
        if wasOverLimit {
            rejected.subtract(1, ordering: .relaxed)
        } else {
            connections.subtract(1, ordering: .relaxed)
        }
    }

    /// Whether every response is the last one of its connection.
    var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// When the last connection is closed; nil while the server is not draining.
    var deadline: Instant? {
        guard isDraining else { return nil }
        return drainDeadline.withLock { $0 }
    }

    /// Begins to drain, or moves the deadline forward.
    func drain(until deadline: Instant) {
        drainDeadline.withLock { $0 = min($0 ?? deadline, deadline) }
        draining.store(true, ordering: .releasing)
    }
}
