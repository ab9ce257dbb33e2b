internal import Bytes
package import Logging
package import Threads

/// Sends counters and timers to a StatsD server by UDP, one datagram each, with tags in DogStatsD's format
/// unless they are switched off.
///
/// Sending never blocks, and a datagram that cannot be sent is lost, as is usual for StatsD.
package final class StatsDSender: Sendable {
    package typealias Tags = KeyValuePairs<String, String>

    private let prefix: [UInt8]
    private let hasTags: Bool
    /// Nil if no socket could be created: then nothing is sent.
    private let socket: Int32?
    /// Nil for a numeric address, which needs no lookup.
    private let resolver: StatsDResolver?

    /// Maximum number of descriptors that a sender has open: a socket, a new one while the host is looked up
    /// again, the resolver's own socket, and an event.
    package static let descriptors = 4

    /// Sends to the first of the host's addresses that the system has a route to. A host name is looked up
    /// every 60 seconds, or 5 seconds after a failure; what is sent before it is found is lost.
    ///
    /// The label precedes every name, followed by a dot.
    package convenience init(
        host: String, port: UInt16, label: String, hasTags: Bool = true, logger: Logger
    ) throws(ThreadError) {
        try self.init(
            host: host, port: port, label: label, hasTags: hasTags, logger: logger,
            makeIdleSocket: makeIdleSocket)
    }

    init(
        host: String, port: UInt16, label: String, hasTags: Bool = true, logger: Logger,
        makeIdleSocket: () throws(SocketError) -> Int32
    ) throws(ThreadError) {
        self.hasTags = hasTags
        prefix = Array((label.isEmpty ? "" : Self.sanitized(label) + ".").utf8)
        if let socket = try? connectDatagramSocket(host: host, port: port, isAddress: true) {
            self.socket = socket
            resolver = nil
            return
        }
        let socket: Int32
        do {
            socket = try makeIdleSocket()
        } catch {
            logger.error(
                "No metrics are sent to StatsD: no socket can be created",
                metadata: ["host": "\(host)", "error": "\(error.reason)"])
            self.socket = nil
            resolver = nil
            return
        }
        do {
            resolver = try StatsDResolver(of: host, into: socket, logger: logger) { () throws(SocketError) in
                try connectDatagramSocket(host: host, port: port, isAddress: false)
            }
            self.socket = socket
        } catch {
            closeDescriptor(socket)
            throw error
        }
    }

    deinit {
        if let resolver { resolver.end() } else if let socket { closeDescriptor(socket) }
    }

    /// Counts one event. Does not block.
    package func increment(_ name: String, tags: Tags = [:]) {
        send(name, tags) { datagram in datagram.append("1|c") }
    }

    /// Sends a duration in milliseconds, with up to three decimals. Does not block.
    package func timing(_ name: String, _ duration: Duration, tags: Tags = [:]) {
        send(name, tags) { datagram in
            datagram.appendMilliseconds(duration)
            datagram.append("|ms")
        }
    }

    private func send(_ name: String, _ tags: Tags, _ appendValue: (inout [UInt8]) -> Void) {
        guard let socket else { return }
        var datagram = prefix
        datagram.append(contentsOf: name.utf8)
        datagram.append(":")
        appendValue(&datagram)
        for (index, tag) in tags.enumerated() where hasTags {
            datagram.append(index == 0 ? "|#" : ",")
            datagram.append(contentsOf: Self.sanitized(tag.key).utf8)
            datagram.append(":")
            datagram.append(contentsOf: Self.sanitized(tag.value).utf8)
        }
        sendWithoutWaiting(datagram, to: socket)
    }

    /// Replaces characters that have a meaning in the protocol by underscores.
    private static func sanitized(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { "|:,#@\n\r ".unicodeScalars.contains($0) ? "_" : $0 }))
    }
}
