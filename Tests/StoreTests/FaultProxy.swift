import BlockingWork
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads
import Time

/// A TCP proxy on loopback that stands between a store and its database and does what networks do.
final class FaultProxy: Sendable {
    enum Fault: Hashable {
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

    enum Direction: Hashable, CaseIterable, CustomTestStringConvertible {
        case toServer
        case toClient

        var testDescription: String { self == .toServer ? "to the server" : "to the client" }
    }

    let port: UInt16
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

    init(to upstream: UInt16) throws {
        self.upstream = upstream
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemFailure(errno: errno) }
        wake = (ends[0], ends[1])
        let (listener, port) = try listen(on: 0)
        self.port = port
        try Thread(name: "fault-proxy") { [self] in
            var loop = ProxyLoop(proxy: self, listener: listener)
            loop.run()
            close(wake.read)
            close(wake.write)
        }.detach()
    }

    /// What happens from now on. Clears `hasCut`.
    func set(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            state.isChanged = true
            state.hasCut = false
        }
        raise()
    }

    /// Whether the last `cut` came about.
    var hasCut: Bool { state.withLock { $0.hasCut } }

    /// Returns once no client holds a connection.
    func waitUntilUnused() async {
        await withCheckedContinuation { continuation in
            let isUnused = state.withLock { state in
                if state.openConnections > 0 { state.waiting.append(continuation) }
                return state.openConnections == 0
            }
            if isUnused { continuation.resume() }
        }
    }

    func end() {
        state.withLock { $0.isOver = true }
        raise()
    }

    private func raise() {
        _ = unsafe write(wake.write, [1], 1)
    }

    /// For the loop: the new fault, if it has changed.
    fileprivate func takeChange() -> Fault? {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = unsafe read(wake.read, &bytes, bytes.count)
        return state.withLock { state in
            defer { state.isChanged = false }
            return state.isChanged ? state.fault : nil
        }
    }

    fileprivate var isOver: Bool { state.withLock { $0.isOver } }
    fileprivate var wakeDescriptor: Int32 { wake.read }
    fileprivate var upstreamPort: UInt16 { upstream }

    fileprivate func noteCut() {
        state.withLock { state in
            state.hasCut = true
            state.fault = .none
        }
    }

    fileprivate func note(openConnections count: Int) {
        let waiting = state.withLock { state in
            state.openConnections = count
            defer { if count == 0 { state.waiting = [] } }
            return count == 0 ? state.waiting : []
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// The proxy's thread. Blocking, and simple because of that: all data is small.
private struct ProxyLoop {
    private struct Pair {
        let client: Int32
        /// Less than zero when the pair says nothing.
        var server: Int32
        var bytes: [FaultProxy.Direction: Int] = [:]
        /// Data on its way, in its order.
        var held: [(due: Instant, bytes: [UInt8], direction: FaultProxy.Direction)] = []
        /// When the connection is made, as far as the client may know.
        var readyAt = Instant.now
    }

    private let proxy: FaultProxy
    private var listener: Int32
    private var fault = FaultProxy.Fault.none
    private var pairs: [Pair] = []

    init(proxy: FaultProxy, listener: Int32) {
        self.proxy = proxy
        self.listener = listener
    }

    mutating func run() {
        while !proxy.isOver {
            for index in pairs.indices.reversed() where !release(index) { drop(index) }
            var interest = [proxy.wakeDescriptor, listener].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            for pair in pairs {
                interest.append(pollfd(fd: pair.client, events: Int16(POLLIN), revents: 0))
                interest.append(pollfd(fd: pair.server, events: Int16(POLLIN), revents: 0))
            }
            guard unsafe poll(&interest, UInt(interest.count), timeout) >= 0 else { continue }
            if interest[0].revents != 0, let change = proxy.takeChange() {
                take(change)
                continue
            }
            if interest[1].revents != 0 { accept() }
            for index in pairs.indices.reversed() where index * 2 + 3 < interest.count {
                forward(index, interest[index * 2 + 2].revents != 0, interest[index * 2 + 3].revents != 0)
            }
            proxy.note(openConnections: pairs.count)
        }
        for index in pairs.indices.reversed() { drop(index) }
        if listener >= 0 { close(listener) }
        proxy.note(openConnections: 0)
    }

    /// In milliseconds, until data is due; -1 when none is held.
    private var timeout: Int32 {
        guard let due = pairs.flatMap(\.held).map(\.due).min() else { return -1 }
        return Int32(max(0, Instant.now.duration(to: due) / .milliseconds(1)).rounded(.up))
    }

    /// Sends on what is due. False when that cannot be done.
    private mutating func release(_ index: Int) -> Bool {
        let now = Instant.now
        while let position = pairs[index].held.firstIndex(where: { $0.due <= now }) {
            let next = pairs[index].held.remove(at: position)
            let descriptor = next.direction == .toServer ? pairs[index].server : pairs[index].client
            guard unsafe write(descriptor, next.bytes, next.bytes.count) == next.bytes.count else {
                return false
            }
        }
        return true
    }

    private mutating func take(_ change: FaultProxy.Fault) {
        fault = change
        switch change {
        case .silence:
            for index in pairs.indices where pairs[index].server >= 0 {
                close(pairs[index].server)
                pairs[index].server = -1
            }
        case .refuse, .cut:
            for index in pairs.indices.reversed() { drop(index) }
        case .none, .reset, .delay:
            break
        }
        if change == .refuse {
            close(listener)
            listener = -1
        } else if listener < 0 {
            listener = (try? listen(on: proxy.port).0) ?? -1
        }
        proxy.note(openConnections: pairs.count)
    }

    private mutating func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        noDelay(client)
        let server = fault == .silence ? -1 : (try? connect(to: proxy.upstreamPort)) ?? -1
        pairs.append(Pair(client: client, server: server))
        if case .delay(let duration) = fault { pairs[pairs.count - 1].readyAt = .now + duration * 2 }
        if fault == .reset { drop(pairs.count - 1) }
    }

    private mutating func forward(_ index: Int, _ clientSpeaks: Bool, _ serverSpeaks: Bool) {
        if clientSpeaks, !pass(index, from: pairs[index].client, to: pairs[index].server, .toServer) {
            return drop(index)
        }
        if serverSpeaks, !pass(index, from: pairs[index].server, to: pairs[index].client, .toClient) {
            drop(index)
        }
    }

    /// False when the pair is at its end.
    private mutating func pass(
        _ index: Int, from: Int32, to: Int32, _ direction: FaultProxy.Direction
    ) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(from, &chunk, chunk.count)
        guard count > 0, fault != .reset else { return false }
        if to < 0 { return true }
        let last = pairs[index].held.last { $0.direction == direction }?.due
        if case .delay(let duration) = fault {
            let due = max(Instant.now, pairs[index].readyAt) + duration
            pairs[index].held.append((due, Array(chunk[..<count]), direction))
            return true
        } else if let last {
            pairs[index].held.append((last, Array(chunk[..<count]), direction))
            return true
        }
        let passed = pairs[index].bytes[direction, default: 0]
        pairs[index].bytes[direction] = passed + count
        if case .cut(let limit, direction) = fault, passed + count > limit {
            _ = unsafe write(to, chunk, limit - passed)
            fault = .none
            proxy.noteCut()
            return false
        }
        return unsafe write(to, chunk, count) == count
    }

    /// Ends both sides, so that the peer sees a reset.
    private mutating func drop(_ index: Int) {
        let pair = pairs.remove(at: index)
        for descriptor in [pair.client, pair.server] where descriptor >= 0 {
            var lingering = linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
            close(descriptor)
        }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

private func makeSocket() throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SystemFailure(errno: errno) }
    return descriptor
}

private func noDelay(_ descriptor: Int32) {
    var on: Int32 = 1
    _ = unsafe setsockopt(
        descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
}

private func listen(on port: UInt16) throws -> (Int32, UInt16) {
    let descriptor = try makeSocket()
    var on: Int32 = 1
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = loopback(port)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            unsafe bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 128) == 0
                && getsockname(descriptor, address, &length) == 0
        }
    }
    guard bound else {
        close(descriptor)
        throw SystemFailure(errno: errno)
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

private func connect(to port: UInt16) throws -> Int32 {
    let descriptor = try makeSocket()
    var address = loopback(port)
    let connected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            unsafe Glibc.connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard connected else {
        close(descriptor)
        throw SystemFailure(errno: errno)
    }
    noDelay(descriptor)
    return descriptor
}
