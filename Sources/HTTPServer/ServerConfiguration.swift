package import Bytes
package import EventLoop
package import HTTP
package import Time

/// What a server is made of (config.example.toml).
package struct ServerConfiguration: Sendable {
    /// Where to listen. Port 0 lets the kernel choose one, the same for all loops.
    package var address: SocketAddress
    /// Whether other processes of the same user may listen on the port too. Otherwise a port that anything
    /// else listens on is refused.
    package var sharesPort: Bool
    /// Event loops, a thread each; at least 1.
    package var workers: Int
    package var limits: Limits
    /// Open connections over all loops; one more is answered 503 and closed.
    package var maximumConnections: Int
    /// The kernel, or a kernel with faults in tests.
    package var system: SystemCalls
    package var clock: Clock

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
