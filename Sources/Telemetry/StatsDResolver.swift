import Logging
import Threads
import Time

/// A datagram socket to a host given by name. The name is looked up on a separate thread, because a lookup
/// may block, and repeatedly, because the address may change.
struct StatsDResolver: Sendable {
    /// How long to wait before the next lookup.
    struct Intervals: Sendable {
        var afterSuccess = Duration.seconds(60)
        var afterFailure = Duration.seconds(5)
    }

    /// The outcome of a lookup.
    private enum Outcome {
        case connected, notFound, failed
    }

    /// Datagrams sent before the host is found are lost. The thread closes the socket after `end()`.
    let socket: Int32
    private let stop: WakeEvent

    /// Starts the thread, which owns `socket` from then on. `connect` looks the host up and returns a socket
    /// connected to it. Each change of the outcome is logged.
    init(
        of host: String, into socket: Int32, intervals: Intervals = Intervals(), logger: Logger,
        connect: @escaping @Sendable () throws(SocketError) -> Int32
    ) throws(ThreadError) {
        let stop = try WakeEvent()
        try Thread(name: "statsd") {
            var last: Outcome?
            var outcome: Outcome
            repeat {
                outcome = Self.lookUp(host, into: socket, last, logger, connect)
                last = outcome
            } while !stop.wait(for: outcome == .connected ? intervals.afterSuccess : intervals.afterFailure)
            closeDescriptor(socket)
        }.detach()
        self.stop = stop
        self.socket = socket
    }

    /// Ends the thread, after the lookup in progress. The socket must not be used afterwards.
    func end() {
        stop.signal()
    }

    private static func lookUp(
        _ host: String, into socket: Int32, _ last: Outcome?, _ logger: Logger,
        _ connect: () throws(SocketError) -> Int32
    ) -> Outcome {
        let connected: Int32
        do {
            connected = try connect()
        } catch {
            if last != .notFound {
                logger.warning(
                    "No metrics are sent to StatsD: statsd_host cannot be resolved",
                    metadata: ["host": "\(host)", "error": "\(error.reason)"])
            }
            return .notFound
        }
        do {
            try replace(socket, with: connected)
        } catch {
            if last != .failed {
                logger.error(
                    "No metrics are sent to StatsD: the socket cannot be replaced",
                    metadata: ["host": "\(host)", "error": "\(error.reason)"])
            }
            return .failed
        }
        if last != .connected { logger.notice("Metrics are sent to StatsD at \(host)") }
        return .connected
    }
}
