import EventLoop
import Time

/// One GET of a heartbeat, with an end after three seconds whatever happens: the heartbeat itself takes at
/// most one.
struct HealthProbe {
    let address: SocketAddress
    var path = "/__heartbeat__"

    private static let limit = Duration.seconds(3)

    init(address: SocketAddress) {
        self.address = address
    }

    /// Takes `http://ADDRESS[:PORT][/PATH]`. Names are not looked up, except `localhost`.
    init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var host = rest[..<slash]
        var port: UInt16 = 80
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let number = UInt16(host[host.index(after: colon)...]) else { return nil }
            port = number
            host = host[..<colon]
        }
        guard let address = SocketAddress(host == "localhost" ? "127.0.0.1" : String(host), port: port) else {
            return nil
        }
        self.address = address
        if slash < rest.endIndex { path = String(rest[slash...]) }
    }

    /// The status of the answer.
    func run() -> Result<Int, SystemError> {
        do throws(SystemError) {
            return .success(try ask())
        } catch {
            return .failure(error)
        }
    }

    private func ask() throws(SystemError) -> Int {
        let system = SystemCalls()
        let end = Instant.now + Self.limit
        var poller = try EpollPoller(system: system, capacity: 1)
        let socket = try system.socket(address.family)
        do {
            try system.connect(socket, to: address)
        } catch {
            guard error.isInProgress else { throw error }
        }
        try poller.add(socket, token: 0, interest: .write)
        try wait(&poller, until: end)
        let host = if case .version6 = address { "[::1]" } else { "127.0.0.1" }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
        _ = try system.write(socket, Array(request.utf8))
        try poller.modify(socket, token: 0, interest: .read)
        var head: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        // The status stands in the first 12 bytes: `HTTP/1.1 200`.
        while head.count < 12 {
            try wait(&poller, until: end)
            let count = try system.read(socket, into: &chunk)
            if count == 0 { break }
            head += chunk[..<count]
        }
        return Int(String(decoding: head.dropFirst(9).prefix(3), as: UTF8.self)) ?? 0
    }

    private func wait(
        _ poller: inout EpollPoller, until end: Instant
    ) throws(SystemError) {
        var events: [PollerEvent] = []
        while events.isEmpty {
            let left = end - .now
            guard left > .zero else { throw SystemError.timedOut(.connect) }
            try poller.wait(into: &events, timeout: left)
        }
    }
}
