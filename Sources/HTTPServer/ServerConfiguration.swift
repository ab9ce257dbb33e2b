package import Bytes
package import EventLoop
package import HTTP
package import Time

/// The configuration of a server (config.example.toml).
package struct ServerConfiguration: Sendable {
    /// Where to listen. Port 0 lets the kernel choose one, the same for all loops.
    package var address: SocketAddress
    /// Whether other processes of the same user may listen on the port too. If false, listening fails if
    /// anything else listens on the port.
    package var sharesPort: Bool
    /// Number of event loops, one thread each; at least 1.
    package var workers: Int
    package var limits: Limits
    /// Maximum number of open connections over all loops. Beyond it, the connection of the same loop that has
    /// been idle longest, and for at least a second, is closed without a response. If there is none, the new
    /// one gets a 503.
    package var maximumConnections: Int
    /// Maximum number of connections over `maximumConnections`, each open until its 503 has been sent.
    package var maximumRejectedConnections = Self.mostRejectedConnections
    /// The system calls, with faults in tests.
    package var system: SystemCalls
    package var clock: Clock

    /// The default of `maximumRejectedConnections`, which is enough for any limit on connections.
    package static let mostRejectedConnections = 64

    package init(
        address: SocketAddress, sharesPort: Bool = false, workers: Int, limits: Limits,
        maximumConnections: Int, system: SystemCalls = SystemCalls(), clock: Clock
    ) {
        self.address = address
        self.sharesPort = sharesPort
        self.workers = workers
        self.limits = limits
        self.maximumConnections = maximumConnections
        self.system = system
        self.clock = clock
    }
}
