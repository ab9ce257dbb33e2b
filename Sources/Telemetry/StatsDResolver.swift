import Logging
import Threads
import Time

/// A datagram socket to a host whose name has to be looked up, on a thread of its own: a name server may be
/// slow or away, and the host may move. Nobody waits for a lookup.
struct StatsDResolver: Sendable {
    /// How long to wait before the next lookup.
    struct Intervals: Sendable {
        var afterSuccess = Duration.seconds(60)
        var afterFailure = Duration.seconds(5)
    }

    /// What a lookup led to.
    private enum Outcome {
        case connected, notFound, failed
    }

    /// What is sent here before the host is found is lost. The thread closes it after `end()`.
    let socket: Int32
    private let stop: WakeEvent

    /// Starts the thread, which owns `socket` from then on. `connect` looks the host up and gives a socket to
    /// it. Whether it could is logged when that changes.
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

    /// Ends the thread, after the lookup under way. Nothing may be sent any more.
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
                    "No metrics are sent to StatsD until statsd_host is found",
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
