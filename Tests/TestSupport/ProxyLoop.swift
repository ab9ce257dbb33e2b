internal import Glibc
internal import Time

/// The loop of the proxy's thread. It uses blocking I/O, which is enough for small data.
struct ProxyLoop {
    private struct Pair {
        let client: Int32
        /// The server's descriptor; -1 if the connection is silent.
        var server: Int32
        var bytes: [FaultProxy.Direction: Int] = [:]
        /// Delayed data, in order.
        var held: [(due: Instant, bytes: [UInt8], direction: FaultProxy.Direction)] = []
        /// When the delayed connection is complete.
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
            proxy.record(openConnections: pairs.count)
        }
        for index in pairs.indices.reversed() { drop(index) }
        if listener >= 0 { close(listener) }
        proxy.record(openConnections: 0)
    }

    /// The poll timeout in milliseconds until delayed data is due; -1 if there is none.
    private var timeout: Int32 {
        guard let due = pairs.flatMap(\.held).map(\.due).min() else { return -1 }
        return Int32(max(0, Instant.now.duration(to: due) / .milliseconds(1)).rounded(.up))
    }

    /// Forwards the data that is due. Returns false if that fails.
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
        case .interrupt:
            for index in pairs.indices { pairs[index].bytes = [:] }
        case .none, .reset, .delay:
            break
        }
        if change == .refuse {
            close(listener)
            listener = -1
        } else if listener < 0 {
            listener = (try? LoopbackSockets.listen(on: proxy.port).0) ?? -1
        }
        proxy.record(openConnections: pairs.count)
    }

    private mutating func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        LoopbackSockets.noDelay(client)
        let server = fault == .silence ? -1 : (try? LoopbackSockets.connect(to: proxy.upstreamPort)) ?? -1
        pairs.append(Pair(client: client, server: server))
        if case .delay(let duration) = fault { pairs[pairs.count - 1].readyAt = .now + duration * 2 }
        if fault == .reset { drop(pairs.count - 1) }
    }

    private mutating func forward(_ index: Int, _ clientIsReadable: Bool, _ serverIsReadable: Bool) {
        if clientIsReadable, !pass(index, from: pairs[index].client, to: pairs[index].server, .toServer) {
            return drop(index)
        }
        if serverIsReadable, !pass(index, from: pairs[index].server, to: pairs[index].client, .toClient) {
            drop(index)
        }
    }

    /// Forwards data that can be read. Returns false if the pair must be closed.
    private mutating func pass(
        _ index: Int, from: Int32, to: Int32, _ direction: FaultProxy.Direction
    ) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(from, &chunk, chunk.count)
        guard count > 0, fault != .reset else { return false }
        if direction == .toServer { proxy.recordRequest() }
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
        if let limit = limit(direction), passed + count > limit {
            _ = unsafe write(to, chunk, limit - passed)
            fault = .none
            proxy.recordCut()
            return false
        }
        return unsafe write(to, chunk, count) == count
    }

    /// After how many bytes in the direction a connection is reset; nil if it is not.
    private func limit(_ direction: FaultProxy.Direction) -> Int? {
        switch fault {
        case .cut(let limit, direction), .interrupt(let limit, direction): limit
        default: nil
        }
    }

    /// Closes both descriptors with SO_LINGER 0, so that the peers receive a reset.
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
