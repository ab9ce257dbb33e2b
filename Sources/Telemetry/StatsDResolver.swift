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

    /// What is sent here before the host is found is lost. The thread closes it after `end()`.
    let socket: Int32
    private let stop: WakeEvent

    /// Starts the thread. `connect` looks the host up and gives a socket to it. Whether it could is logged
    /// when that changes.
    init(
        of host: String, intervals: Intervals = Intervals(), logger: Logger,
        connect: @escaping @Sendable () throws(SocketError) -> Int32
    ) throws(ThreadError) {
        let stop = try WakeEvent()
        let socket = makeIdleSocket()
        try Thread(name: "statsd") {
            var wasFound: Bool?
            var isFound = false
            repeat {
                do throws(SocketError) {
                    replace(socket, with: try connect())
                    isFound = true
                    if wasFound != true { logger.notice("Metrics are sent to StatsD at \(host)") }
                } catch {
                    isFound = false
                    if wasFound != false {
                        logger.warning(
                            "No metrics are sent to StatsD until statsd_host is found",
                            metadata: ["host": "\(host)", "error": "\(error.reason)"])
                    }
                }
                wasFound = isFound
            } while !stop.wait(for: isFound ? intervals.afterSuccess : intervals.afterFailure)
            closeDescriptor(socket)
        }.detach()
        self.stop = stop
        self.socket = socket
    }

    /// Ends the thread, after the lookup under way. Nothing may be sent any more.
    func end() {
        stop.signal()
    }
}
