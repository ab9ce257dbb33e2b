import API
import Access
import Broadcasts
import Bytes
import EventLoop
import HTTP
import Logging
import Telemetry
import Time

@testable import HTTPServer

/// A node: the service's own loops, server and API over a simulated kernel and a simulated store.
final class Node {
    private final class LoopBox {
        var connections: ConnectionLoop
        let poller: Int32

        init(_ connections: consuming ConnectionLoop, _ poller: Int32) {
            self.connections = connections
            self.poller = poller
        }
    }

    let number: Int
    let kernel: SimulatedKernel
    let store: ModelStore
    let settings: NodeSettings
    private let world: World
    private let api: API
    private let state: ServerState
    private let executors: [LoopExecutor]
    private var loops: [LoopBox] = []
    private(set) var drainDeadline: Instant?

    /// One output for all nodes, because each has a thread. It writes nothing: a simulation keeps no log.
    private static let log = LogOutput(
        LogOutput.Configuration(json: true, level: .critical, loggerName: "simulation", hostname: "host"),
        descriptor: 2, clock: .system)

    init(_ number: Int, _ world: World, _ database: Database, _ settings: NodeSettings) throws {
        self.number = number
        self.world = world
        self.settings = settings
        kernel = SimulatedKernel(world)
        kernel.transfersParts = settings.transfersParts
        store = ModelStore(database, database.servers[number % database.servers.count])
        store.behaviour = settings.store
        let feed = BoardFeed(store: store, freshness: settings.freshness, clock: world.clock)
        api = API(
            feed: feed, health: StoreHealth(store: store, clock: world.clock),
            configuration: settings.configuration(settings.rules), log: Self.log, metrics: MetricsRegistry(),
            clock: world.clock, random: world.random)
        state = ServerState(
            maximumConnections: settings.maximumConnections, maximumRejected: 4, loops: settings.loops)
        let system = SystemCalls(kernel)
        var executors: [LoopExecutor] = []
        for _ in 0..<settings.loops {
            let listener = try Listener(
                address: .version4(0x7F00_0001, port: 8000), use: .shared, system: system)
            let executor = try LoopExecutor(system: system)
            executors.append(executor)
            let loop = try EventLoop(executor: executor, system: system, clock: world.clock)
            loops.append(
                LoopBox(
                    try ConnectionLoop(
                        loop: loop, listener: listener, responder: api.makeLoopResponder(executor),
                        state: state,
                        limits: settings.limits,
                        logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }),
                    kernel.pollers.last ?? 0))
        }
        self.executors = executors
        feed.warmUp()
    }

    var isRunning: Bool { !loops.isEmpty }
    var openConnections: Int { state.openConnections }
    var heldRequests: Int { api.heldRequests }
    var nextWakeTime: Instant? { loops.isEmpty ? nil : kernel.nextWakeTime }

    /// Lets each loop take turns until all of them sleep.
    func run() throws {
        var turns = 0
        var isDone = false
        while !isDone {
            isDone = true
            for box in loops where box.connections.loop.executor.hasWork || kernel.needsTurn(box.poller) {
                isDone = false
                turns += 1
                guard turns < 20_000 else { return world.violate("a loop of node \(number) does not sleep") }
                let loop = box.connections.loop
                if try !loop.turn(&box.connections, maximumWait: nil) {
                    world.note("node \(number) loop ends")
                    loops.removeAll { $0 === box }
                }
            }
        }
        checkBounds()
    }

    private func checkBounds() {
        if openConnections > settings.maximumConnections {
            world.violate("node \(number) has \(openConnections) connections")
        }
        if heldRequests > settings.maximumListeners {
            world.violate("node \(number) holds \(heldRequests) requests")
        }
        if let drainDeadline, isRunning, world.now > drainDeadline + .milliseconds(200) {
            world.violate("node \(number) still runs after shutdown_grace")
            self.drainDeadline = nil
        }
    }

    // MARK: - Signals

    /// SIGTERM.
    func drain(within grace: Duration) {
        world.note("node \(number) drains")
        api.beginShutdown()
        drainDeadline = world.now + grace
        kernel.deadline = drainDeadline
        state.drain(until: world.now + grace)
        for executor in executors { executor.wake() }
    }

    /// SIGKILL.
    func kill() {
        world.note("node \(number) is killed")
        kernel.destroy()
        store.close()
        loops = []
    }

    /// SIGHUP.
    func reload(_ rules: API.Rules) {
        world.note("node \(number) reloads")
        api.apply(rules)
    }
}
