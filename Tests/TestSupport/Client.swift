package import Bytes
internal import EventLoop
internal import Glibc

/// A blocking HTTP client over one real socket, that sends exactly the bytes it is given.
package final class Client {
    /// What a test cannot go on without.
    package enum Failure: Error {
        /// The server closed the connection, or reset it, before all was read.
        case closed(received: [UInt8])
        /// Nothing came within the deadline, which is far above what any answer takes.
        case timeout(received: [UInt8])
        case malformed(String)
    }

    private let descriptor: FileDescriptor
    private var received: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 65536)

    /// Connects. `timeout` bounds every single wait; it is there for tests that fail.
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

    /// Ends the sending side; answers can still be read.
    package func shutdownWrite() throws {
        try SystemCalls().shutdownWrite(descriptor)
    }

    /// Makes closing send a reset instead of an orderly end.
    package func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            descriptor.rawValue, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Reads one response; its framing is Content-Length, or none with `toHead` and bodiless statuses.
    package func response(toHead: Bool = false) throws -> ReceivedResponse {
        let head = try take(through: [0x0D, 0x0A, 0x0D, 0x0A])
        var response = try ReceivedResponse(head: head)
        if (100..<200).contains(response.status) || response.status == 304 || toHead { return response }
        guard let length = response["content-length"].flatMap({ Int($0) }) else {
            throw Failure.malformed("no Content-Length in \(String(decoding: head, as: UTF8.self))")
        }
        while received.count < length { try fill() }
        response.body = Array(received[..<length])
        received.removeFirst(length)
        return response
    }

    /// Sends a request and reads its response.
    package func exchange(_ text: String) throws -> ReceivedResponse {
        try send(text)
        return try response(toHead: text.hasPrefix("HEAD "))
    }

    /// Whatever still comes until the server closes its side. A reset counts as an end.
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
            let (count, _) = try SystemCalls().receive(descriptor, into: &chunk)
            if count == 0 { throw Failure.closed(received: received) }
            received += chunk[..<count]
        } catch let error as SystemError {
            if error.isBlocked { throw Failure.timeout(received: received) }
            throw Failure.closed(received: received)
        }
    }
}

/// A response as it came over the wire.
package struct ReceivedResponse: Sendable {
    package let status: Int
    /// The field lines in the order they came.
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

    /// The value of the one field of this lower-case name.
    package subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}
