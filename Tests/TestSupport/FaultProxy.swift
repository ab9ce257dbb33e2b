internal import Glibc
internal import Synchronization
internal import Threads

/// A TCP proxy on loopback that stands between a store and its database and does what networks do.
package final class FaultProxy: Sendable {
    private struct NoDescriptor: Error {}

    /// What the network does.
    package enum Fault: Hashable, Sendable {
        case none
        /// Nobody listens, and what was open is reset.
        case refuse
        /// Connections are accepted and nothing is ever said on them; those that were open say no more, for
        /// good.
        case silence
        /// New and old connections are reset as soon as they say something.
        case reset
        /// Every piece of data arrives later by this much, as it does from a distant server; a connection is
        /// made after twice as long.
        case delay(Duration)
        /// What was open is reset; then the first connection to come so far is cut off, and the fault is
        /// over.
        case cut(after: Int, Direction)
    }

    /// A direction of the data.
    package enum Direction: Hashable, Sendable, CaseIterable {
        case toServer
        case toClient
    }

    /// Where clients connect, on loopback.
    package let port: UInt16
    private let upstream: UInt16
    private let wake: (read: Int32, write: Int32)
    private let state = Mutex(State())

    private struct State {
        var fault = Fault.none
        var isChanged = false
        var isOver = false
        var hasCut = false
        var openConnections = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Stands before a server on a port of loopback.
    package init(to upstream: UInt16) throws {
        self.upstream = upstream
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

    /// What happens from now on. Clears `hasCut`.
    package func set(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            state.isChanged = true
            state.hasCut = false
        }
        raise()
    }

    /// Whether the last `cut` came about.
    package var hasCut: Bool { state.withLock { $0.hasCut } }

    /// Returns once no client holds a connection.
    package func waitUntilUnused() async {
        await withCheckedContinuation { continuation in
            let isUnused = state.withLock { state in
                if state.openConnections > 0 { state.waiting.append(continuation) }
                return state.openConnections == 0
            }
            if isUnused { continuation.resume() }
        }
    }

    /// Ends every connection and the proxy.
    package func end() {
        state.withLock { $0.isOver = true }
        raise()
    }

    private func raise() {
        _ = unsafe write(wake.write, [1], 1)
    }

    /// For the loop: the new fault, if it has changed.
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
    var upstreamPort: UInt16 { upstream }

    func noteCut() {
        state.withLock { state in
            state.hasCut = true
            state.fault = .none
        }
    }

    func note(openConnections count: Int) {
        let waiting = state.withLock { state in
            state.openConnections = count
            defer { if count == 0 { state.waiting = [] } }
            return count == 0 ? state.waiting : []
        }
        for continuation in waiting { continuation.resume() }
    }
}
