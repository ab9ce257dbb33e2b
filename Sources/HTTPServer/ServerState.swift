internal import Synchronization
internal import Time

/// What the workers of a server share.
final class ServerState: Sendable {
    private let connections = Atomic<Int>(0)
    private let rejected = Atomic<Int>(0)
    private let drainDeadline = Mutex<Instant?>(nil)
    private let draining = Atomic<Bool>(false)
    private let loops: Atomic<Int>
    let maximumConnections: Int
    let exhaustionLog = LogThrottle()
    let unwatchedLog = LogThrottle()

    init(maximumConnections: Int, loops: Int = 1) {
        self.maximumConnections = maximumConnections
        self.loops = Atomic(loops)
    }

    /// Loops that have not ended.
    var runningLoops: Int { loops.load(ordering: .acquiring) }

    /// Registers the end of a loop. Returns whether it was the last one.
    func loopEnded() -> Bool {
        loops.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }

    /// Open connections over all loops, without those that are being turned away.
    var openConnections: Int { connections.load(ordering: .relaxed) }

    /// Connections that are being told that they are too many.
    var rejectedConnections: Int { rejected.load(ordering: .relaxed) }

    /// Counts a connection in. False when it is one too many, which still has to be told so.
    func connectionOpened() -> Bool {
        if connections.add(1, ordering: .relaxed).newValue <= maximumConnections { return true }
        connections.subtract(1, ordering: .relaxed)
        rejected.add(1, ordering: .relaxed)
        return false
    }

    func connectionClosed(wasOverLimit: Bool) {
        if wasOverLimit {
            rejected.subtract(1, ordering: .relaxed)
        } else {
            connections.subtract(1, ordering: .relaxed)
        }
    }

    /// Every answer is the last of its connection from now on.
    var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// When the last connection must be gone; nil while the server runs.
    var deadline: Instant? {
        guard isDraining else { return nil }
        return drainDeadline.withLock { $0 }
    }

    /// Begins to drain, or brings the deadline forward.
    func drain(until deadline: Instant) {
        drainDeadline.withLock { $0 = min($0 ?? deadline, deadline) }
        draining.store(true, ordering: .releasing)
    }
}
