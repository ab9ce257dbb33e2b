internal import Glibc
internal import Synchronization
internal import Threads

/// A TCP proxy on loopback, between a store and its database, that simulates network faults.
package final class FaultProxy: Sendable {
    private struct NoDescriptor: Error {}

    /// A network fault.
    package enum Fault: Hashable, Sendable {
        case none
        /// New connections are refused, open ones are reset.
        case refuse
        /// Connections are accepted and never answered. Open connections fall silent, and stay silent after
        /// the fault.
        case silence
        /// New connections are reset at once, open ones when they next transfer data.
        case reset
        /// Data arrives later by this duration, in each direction, as from a distant server. A new connection
        /// is delayed by twice as much.
        case delay(Duration)
        /// Open connections are reset. Then the first connection that transfers more than this many bytes in
        /// the direction is reset after them, which ends the fault.
        case cut(after: Int, Direction)
        /// The first open connection that transfers more than this many bytes from now on in the direction is
        /// reset after them, which ends the fault.
        case interrupt(after: Int, Direction)
    }

    /// A direction of the data.
    package enum Direction: Hashable, Sendable, CaseIterable {
        case toServer
        case toClient
    }

    /// The port on loopback that clients connect to.
    package let port: UInt16
    private let wake: (read: Int32, write: Int32)
    private let state: Mutex<State>

    private struct State {
        var upstream: UInt16
        var fault = Fault.none
        var isChanged = false
        var isOver = false
        var hasCut = false
        var requests = 0
        var openConnections = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Starts a proxy for the server on a port of loopback.
    package init(to upstream: UInt16) throws {
        state = Mutex(State(upstream: upstream))
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw NoDescriptor() }
        wake = (ends[0], ends[1])
        let (listener, port) = try LoopbackSockets.listen(on: 0)
        self.port = port
        try Thread(name: "fault-proxy") { [self] in
            var loop = ProxyLoop(proxy: self, listener: listener)
            loop.run()
            close(wake.read)
            close(wake.write)
        }.detach()
    }

    /// Sets the fault. Clears `hasCut`.
    package func set(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            state.isChanged = true
            state.hasCut = false
        }
        signal()
    }

    /// Leads new connections to another port, as a proxy does after a failover. Open ones stay.
    package func lead(to upstream: UInt16) {
        state.withLock { $0.upstream = upstream }
    }

    /// Whether the last `cut` has happened.
    package var hasCut: Bool { state.withLock { $0.hasCut } }

    /// How often data has arrived from clients: the number of requests, if each fits into a segment.
    package var requests: Int { state.withLock { $0.requests } }

    /// Returns when no connection is open.
    package func waitUntilUnused() async {
        await withCheckedContinuation { continuation in
            let isUnused = state.withLock { state in
                if state.openConnections > 0 { state.waiting.append(continuation) }
                return state.openConnections == 0
            }
            if isUnused { continuation.resume() }
        }
    }

    /// Closes every connection and ends the proxy.
    package func end() {
        state.withLock { $0.isOver = true }
        signal()
    }

    private func signal() {
        _ = unsafe write(wake.write, [1], 1)
    }

    /// Returns the new fault if it has changed. Called by the loop.
    func takeChange() -> Fault? {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = unsafe read(wake.read, &bytes, bytes.count)
        return state.withLock { state in
            defer { state.isChanged = false }
            return state.isChanged ? state.fault : nil
        }
    }

    var isOver: Bool { state.withLock { $0.isOver } }
    var wakeDescriptor: Int32 { wake.read }
    var upstreamPort: UInt16 { state.withLock { $0.upstream } }

    func recordRequest() { state.withLock { $0.requests += 1 } }

    func recordCut() {
        state.withLock { state in
            state.hasCut = true
            state.fault = .none
        }
    }

    func record(openConnections count: Int) {
        let waiting = state.withLock { state in
            state.openConnections = count
            defer { if count == 0 { state.waiting = [] } }
            return count == 0 ? state.waiting : []
        }
        for continuation in waiting { continuation.resume() }
    }
}
