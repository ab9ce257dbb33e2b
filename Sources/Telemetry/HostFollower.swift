import Logging
import Threads

/// A datagram socket to a host whose name has to be looked up, on a thread of its own: a name server may be
/// slow or away, and the host may move. Nobody waits for a lookup.
struct HostFollower: Sendable {
    /// How long to wait before the next lookup, in milliseconds.
    struct Pauses: Sendable {
        var afterSuccess: Int32 = 60_000
        var afterFailure: Int32 = 5_000
    }

    /// What is sent here before the host is found is lost. The thread closes it after `end()`.
    let socket: Int32
    private let life: Int32

    /// Starts the thread. `connect` looks the host up and gives a socket to it. Whether it could is logged
    /// when that changes.
    init(
        of host: String, pauses: Pauses = Pauses(), logger: Logger,
        connect: @escaping @Sendable () throws(SocketError) -> Int32
    ) throws(ThreadError) {
        let (life, watched) = makeSocketPair()
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
            } while !waitForHangUp(
                of: watched, milliseconds: isFound ? pauses.afterSuccess : pauses.afterFailure)
            closeDescriptor(watched)
            closeDescriptor(socket)
        }.detach()
        self.life = life
        self.socket = socket
    }

    /// Ends the thread, after the lookup under way. Nothing may be sent any more.
    func end() {
        closeDescriptor(life)
    }
}
