package import Bytes
internal import EventLoop
internal import Glibc

/// A blocking HTTP client with one connection, which sends exactly the bytes it is given.
package final class Client {
    /// Reasons why a test cannot continue.
    package enum Failure: Error {
        /// The server closed or reset the connection before the expected bytes arrived.
        case closed(received: [UInt8])
        /// Nothing arrived within the timeout.
        case timeout(received: [UInt8])
        case malformed(String)
    }

    private let descriptor: FileDescriptor
    private var received: [UInt8] = []
    private var readBuffer = [UInt8](repeating: 0, count: 65536)

    /// Connects. `timeout` applies to each send and receive, so that a failing test does not hang.
    package init(_ address: SocketAddress, timeout: Duration = .seconds(20)) throws {
        let family = if case .version4 = address.address { AF_INET } else { AF_INET6 }
        descriptor = FileDescriptor(
            owning: Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0),
            system: SystemCalls())
        let system = SystemCalls()
        let (seconds, attoseconds) = timeout.components
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, option, &timeout, size)
        }
        try system.connect(descriptor, to: address)
        try system.setOption(descriptor, .noDelay, 1)
    }

    /// Sends all the bytes.
    package func send(_ bytes: some Sequence<UInt8>) throws {
        let bytes = Array(bytes)
        var offset = 0
        while offset < bytes.count {
            offset += try SystemCalls().send(descriptor, bytes, from: offset)
        }
    }

    package func send(_ text: String) throws {
        try send(text.utf8)
    }

    /// Shuts down the sending side. Responses can still be read.
    package func shutdownWrite() throws {
        try SystemCalls().shutdownWrite(descriptor)
    }

    /// Makes `close` reset the connection.
    package func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            descriptor.rawValue, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Reads one response. Its content is framed by Content-Length. With `toHead`, and status 1xx, 204 or
    /// 304, it has none.
    package func response(toHead: Bool = false) throws -> ReceivedResponse {
        let head = try take(through: [0x0D, 0x0A, 0x0D, 0x0A])
        var response = try ReceivedResponse(head: head)
        let hasNoContent = (100..<200).contains(response.status) || [204, 304].contains(response.status)
        if hasNoContent || toHead { return response }
        guard let length = response["content-length"].flatMap({ Int($0) }) else {
            throw Failure.malformed("no Content-Length in \(String(decoding: head, as: UTF8.self))")
        }
        while received.count < length { try fill() }
        response.body = Array(received[..<length])
        received.removeFirst(length)
        return response
    }

    /// Reads one chunk (RFC 9112 section 7.1), without its framing. Nil for the last one.
    package func chunk() throws -> [UInt8]? {
        let line = try take(through: [0x0D, 0x0A])
        guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else {
            throw Failure.malformed("no chunk size: \(String(decoding: line, as: UTF8.self))")
        }
        while received.count < size + 2 { try fill() }
        guard received[size] == 0x0D, received[size + 1] == 0x0A else {
            throw Failure.malformed("a chunk without its end")
        }
        defer { received.removeFirst(size + 2) }
        return size == 0 ? nil : Array(received[..<size])
    }

    /// Sends a request and reads its response.
    package func exchange(_ text: String) throws -> ReceivedResponse {
        try send(text)
        return try response(toHead: text.hasPrefix("HEAD "))
    }

    /// Returns the bytes up to the end of the connection. A reset counts as the end.
    package func readToEnd() throws -> [UInt8] {
        while true {
            do {
                try fill()
            } catch Failure.closed {
                defer { received = [] }
                return received
            }
        }
    }

    /// Returns the head of a response whose content has no known length.
    package func head() throws -> ReceivedResponse {
        try ReceivedResponse(head: take(through: [0x0D, 0x0A, 0x0D, 0x0A]))
    }

    /// Returns the text up to and including a terminator.
    package func text(through terminator: String) throws -> String {
        String(decoding: try take(through: Array(terminator.utf8)), as: UTF8.self)
    }

    private func take(through terminator: [UInt8]) throws -> [UInt8] {
        var searched = 0
        while true {
            if received.count >= terminator.count {
                for end in max(terminator.count, searched)..<received.count + 1
                where received[end - terminator.count..<end].elementsEqual(terminator) {
                    defer { received.removeFirst(end) }
                    return Array(received[..<end])
                }
            }
            searched = received.count
            try fill()
        }
    }

    private func fill() throws {
        do {
            let (count, _) = try SystemCalls().receive(descriptor, into: &readBuffer)
            if count == 0 { throw Failure.closed(received: received) }
            received += readBuffer[..<count]
        } catch let error as SystemError {
            if error.isBlocked { throw Failure.timeout(received: received) }
            throw Failure.closed(received: received)
        }
    }
}

/// A received response.
package struct ReceivedResponse: Sendable {
    package let status: Int
    /// The field lines in the order received. Names are in lower case.
    package let fields: [(name: String, value: String)]
    package var body: [UInt8] = []

    package init(head: [UInt8]) throws {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        guard let statusLine = lines.first?.split(separator: " ", maxSplits: 2), statusLine.count >= 2,
            statusLine[0] == "HTTP/1.1", let status = Int(statusLine[1])
        else { throw Client.Failure.malformed(lines.first.map(String.init) ?? "") }
        self.status = status
        fields = try lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[1].hasPrefix(" ") else {
                throw Client.Failure.malformed(String(line))
            }
            return (parts[0].lowercased(), String(parts[1].dropFirst()))
        }
    }

    /// The value of the first field with this name, which must be in lower case.
    package subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}
