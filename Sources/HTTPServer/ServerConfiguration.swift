package import Bytes
package import EventLoop
package import HTTP
package import Time

/// What a server is made of (config.example.toml).
package struct ServerConfiguration: Sendable {
    /// Where to listen. Port 0 lets the kernel choose one, the same for all loops.
    package var address: SocketAddress
    /// Event loops, a thread each; at least 1.
    package var workers: Int
    package var limits: Limits
    /// Open connections over all loops; one more is answered 503 and closed.
    package var maximumConnections: Int
    /// The kernel, or a kernel with faults in tests.
    package var system: SystemCalls
    package var clock: Clock

    package init(
        address: SocketAddress, workers: Int, limits: Limits, maximumConnections: Int,
        system: SystemCalls = SystemCalls(), clock: Clock
    ) {
        self.address = address
        self.workers = workers
        self.limits = limits
        self.maximumConnections = maximumConnections
        self.system = system
        self.clock = clock
    }
}
