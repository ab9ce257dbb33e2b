import Bytes
import EventLoop
import Time

/// One GET of a heartbeat, with a timeout of two seconds. The heartbeat responds within one second, and the
/// HEALTHCHECK in the Dockerfile times out after three.
struct HealthProbe {
    /// The addresses to try, in this order.
    let addresses: [SocketAddress]
    /// The value of `Host` in the request.
    let authority: String
    let path: String

    private static let limit = Duration.seconds(2)

    init(address: SocketAddress, authority: String, path: String) {
        addresses = [address]
        self.authority = authority
        self.path = path
    }

    /// Parses `http://ADDRESS[:PORT][/PATH]`. Nil for anything else. Names are not looked up, except
    /// `localhost`, which means 127.0.0.1 and, if nothing listens there, ::1. Without a path, uses the given
    /// one.
    init?(url: String, path: String) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var host = rest[..<slash]
        authority = String(host)
        var port: UInt16 = 80
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let number = UInt16(host[host.index(after: colon)...]) else { return nil }
            port = number
            host = host[..<colon]
        }
        let hosts = host == "localhost" ? ["127.0.0.1", "::1"] : [String(host)]
        addresses = hosts.compactMap { SocketAddress($0, port: port) }
        guard !addresses.isEmpty else { return nil }
        self.path = slash < rest.endIndex ? String(rest[slash...]) : path
    }

    /// Returns the status of the response, or 0 if it is not an HTTP response. Throws the error of the first
    /// address if none can be connected to.
    func run() throws(SystemError) -> Int {
        let end = Clock.system.now + Self.limit
        var first: SystemError?
        for address in addresses {
            do throws(SystemError) {
                return try run(address, until: end)
            } catch {
                first = first ?? error
            }
        }
        throw first ?? SystemError.timedOut(.connect)
    }

    private func run(_ address: SocketAddress, until end: Instant) throws(SystemError) -> Int {
        let system = SystemCalls()
        var poller = try EpollPoller(system: system, capacity: 1)
        let socket = try system.socket(address.address.family)
        do {
            try system.connect(socket, to: address)
        } catch {
            guard error.isInProgress else { throw error }
        }
        try poller.add(socket, source: 0, interest: Interest(writing: true))
        try wait(&poller, for: .connect, until: end)
        let request = "GET \(path) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        _ = try system.send(socket, Array(request.utf8))
        try poller.modify(socket, source: 0, interest: Interest(reading: true))
        var head: [UInt8] = []
        var readBuffer = [UInt8](repeating: 0, count: 1024)
        // The status is in the first 12 bytes: `HTTP/1.1 200`.
        while head.count < 12 {
            try wait(&poller, for: .recv, until: end)
            let count = try system.receive(socket, into: &readBuffer).count
            if count == 0 { break }
            head += readBuffer[..<count]
        }
        return Int(String(decoding: head.dropFirst(9).prefix(3), as: UTF8.self)) ?? 0
    }

    private func wait(
        _ poller: inout EpollPoller, for call: SystemCall, until end: Instant
    ) throws(SystemError) {
        var events: [PollerEvent] = []
        while events.isEmpty {
            let left = Clock.system.time(until: end)
            guard left > .zero else { throw SystemError.timedOut(call) }
            try poller.wait(into: &events, timeout: left)
        }
    }
}
