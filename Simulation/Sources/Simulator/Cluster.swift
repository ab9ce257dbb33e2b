import API
import Broadcasts
import Time

/// The nodes, their database, and the way of a client to them.
final class Cluster {
    let world: World
    let database: Database
    private(set) var nodes: [Node?] = []
    private let makeSettings: () -> NodeSettings
    private var links = 0
    private(set) var requestCount = 0
    let networkLatency: ClosedRange<Int>
    let hasCanary: Bool

    init(
        _ world: World, _ database: Database, nodes count: Int, networkLatency: ClosedRange<Int>,
        hasCanary: Bool,
        settings: @escaping () -> NodeSettings
    ) throws {
        self.world = world
        self.database = database
        self.networkLatency = networkLatency
        self.hasCanary = hasCanary
        makeSettings = settings
        for number in 0..<count {
            nodes.append(nil)
            try start(number)
        }
    }

    func start(_ number: Int) throws {
        guard nodes[number] == nil else { return }
        world.note("node \(number) starts")
        let node = try Node(number, world, database, makeSettings())
        node.store.losesWrites = hasCanary
        nodes[number] = node
    }

    var running: [Node] { nodes.compactMap { $0 } }

    func run() throws {
        for (number, node) in nodes.enumerated() {
            guard let node else { continue }
            try node.run()
            if !node.isRunning, node.drainDeadline != nil { remove(number) }
        }
    }

    /// A node has ended: nothing may be left.
    private func remove(_ number: Int) {
        guard let node = nodes[number] else { return }
        if node.openConnections != 0 || node.heldRequests != 0 {
            world.violate(
                "node \(number) ended with \(node.openConnections) connections, \(node.heldRequests) held requests"
            )
        }
        node.store.close()
        nodes[number] = nil
    }

    func kill(_ number: Int) {
        nodes[number]?.kill()
        nodes[number] = nil
    }

    var nextWakeTime: Instant? { running.compactMap(\.nextWakeTime).min() }

    /// Opens a connection to a node, which may not be running.
    func connect(_ client: HTTPClient, to number: Int) {
        links += 1
        let link = Link(links, world, client, latency: networkLatency)
        client.open(link)
        world.after(world.duration(networkLatency)) { [self] in
            guard let node = nodes[number], node.isRunning else { return link.serverIsGone(.refused) }
            node.kernel.connect(link)
        }
    }

    func nextRequestID() -> String {
        requestCount += 1
        return "r\(requestCount)"
    }
}
