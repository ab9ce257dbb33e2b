package import Bytes
package import EventLoop
package import HTTP
package import Logging
internal import Synchronization
package import Threads
internal import Time

/// An HTTP/1.1 server: listeners, event loops and their threads. Independent of the responder's paths.
package final class Server: Sendable {
    /// The address that the server listens on, with the port that the kernel chose.
    package let address: SocketAddress
    private let state: ServerState
    private let executors: [LoopExecutor]
    private let connectionLoops: [Handoff<ConnectionLoop>]
    private let threads = Mutex<[Thread]>([])
    private let clock: Clock
    private let logger: Logger

    /// Maximum number of descriptors that a server has open besides its open and its rejected connections: a
    /// listener, a poller, an eventfd and a connection that is being accepted, for each loop.
    package static func descriptors(workers: Int) -> Int { 4 * workers }

    /// Creates the listeners and the loops. Connections wait in the kernel until `start`.
    ///
    /// Throws the kernel's error, for example for the address or the port.
    package init(
        configuration: ServerConfiguration, responder: any Responder, logger: Logger
    ) throws(SystemError) {
        let system = configuration.system
        let state = ServerState(
            maximumConnections: configuration.maximumConnections,
            maximumRejected: configuration.maximumRejectedConnections, loops: max(1, configuration.workers))
        var address = configuration.address
        var executors: [LoopExecutor] = []
        var connectionLoops: [Handoff<ConnectionLoop>] = []
        // With one loop, no other listener has to join the port.
        var use: PortUse =
            if configuration.sharesPort { .shared } else {
                configuration.workers > 1 ? .exclusiveThenShared : .exclusive
            }
        for _ in 0..<max(1, configuration.workers) {
            let listener = try Listener(address: address, use: use, system: system)
            use = .shared
            address = try system.localAddress(listener.descriptor)
            let executor = try LoopExecutor(system: system)
            executors.append(executor)
            connectionLoops.append(
                Handoff(
                    try ConnectionLoop(
                        loop: EventLoop(executor: executor, system: system, clock: configuration.clock),
                        listener: listener,
                        responder: responder.makeLoopResponder(executor),
                        state: state, limits: configuration.limits, logger: logger)))
        }
        self.address = address
        self.state = state
        self.executors = executors
        self.connectionLoops = connectionLoops
        clock = configuration.clock
        self.logger = logger
    }

    /// Number of open connections over all loops.
    package var openConnections: Int { state.openConnections }

    /// Maximum number of open connections over all loops.
    package var maximumConnections: Int { state.maximumConnections }

    /// Whether a loop is still running.
    package var isRunning: Bool { state.runningLoops > 0 }

    /// Starts the loops. Must be called once.
    ///
    /// `whenALoopFails` is called on the thread of a loop whose poller failed, after its connections have
    /// been closed. The other loops continue; the caller decides whether that is enough. `whenAllHaveEnded`
    /// is called once, on the thread of the last loop, when it has ended.
    package func start(
        whenALoopFails: @escaping @Sendable (SystemError) -> Void,
        whenAllHaveEnded: @escaping @Sendable () -> Void = {}
    ) throws(ThreadError) {
        for (index, handoff) in connectionLoops.enumerated() {
            let thread = try Thread(name: "loop-\(index)") { [logger, state] in
                defer {
                    if state.loopEnded() { whenAllHaveEnded() }
                }
                guard var connectionLoop = handoff.take() else { return }
                do throws(SystemError) {
                    try connectionLoop.loop.run(&connectionLoop)
                } catch {
                    _ = consume connectionLoop
                    logger.critical("An event loop failed", metadata: ["error": "\(error)"])
                    whenALoopFails(error)
                }
            }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Stops accepting, finishes requests in flight, and closes every connection within `grace`. May be
    /// called again with an earlier end: with `.zero`, every connection is closed at once.
    package func drain(within grace: Duration) {
        state.drain(until: clock.now + grace)
        for executor in executors { executor.wake() }
    }

    /// Blocks the calling thread until every loop has ended.
    package func waitUntilStopped() {
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
    }
}
