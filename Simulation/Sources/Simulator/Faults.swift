import Broadcasts
import Time

/// The faults of a run: processes that end, settings that change, a database that goes away.
final class Faults {
    private let swarm: Swarm
    private let cluster: Cluster
    private var isStopped = false

    init(_ swarm: Swarm, _ cluster: Cluster) {
        self.swarm = swarm
        self.cluster = cluster
    }

    private var world: World { cluster.world }

    func start() {
        if swarm.kills { often(3000...15_000) { self.restart(byKill: true) } }
        if swarm.drains { often(3000...15_000) { self.restart(byKill: false) } }
        if swarm.reloads { often(2000...10_000) { self.reload() } }
        if swarm.storeIsDownAtTimes { often(5000...20_000) { self.outage() } }
        if swarm.hasFewDescriptors { often(2000...8000) { self.exhaust() } }
        if swarm.losesTail {
            often(10_000...30_000) { self.cluster.database.loseTail(self.world.number(1...3)) }
        }
    }

    func stop() {
        isStopped = true
        for node in cluster.running {
            node.store.behaviour = StoreBehaviour()
            node.kernel.limit = 1024
        }
    }

    private func often(_ pause: ClosedRange<Int>, _ action: @escaping () -> Void) {
        world.after(world.duration(pause)) { [weak self] in
            guard let self, !isStopped else { return }
            action()
            often(pause, action)
        }
    }

    private func restart(byKill: Bool) {
        let number = world.number(0...(cluster.nodes.count - 1))
        guard let node = cluster.nodes[number], node.drainDeadline == nil else { return }
        if byKill { cluster.kill(number) } else { node.drain(within: world.duration(500...5000)) }
        startAgain(number)
    }

    private func startAgain(_ number: Int) {
        world.after(world.duration(200...8000)) { [self] in
            if cluster.nodes[number] == nil { try? cluster.start(number) } else { startAgain(number) }
        }
    }

    private func reload() {
        guard let node = world.pick(cluster.running) else { return }
        var settings = node.settings
        if world.chance(0.3) { settings.readerTokens = ["other"] }
        if world.chance(0.3) { settings.maximumListeners = world.number(0...settings.maximumListeners) }
        node.reload(settings.rules)
        world.after(world.duration(200...3000)) { node.reload(node.settings.rules) }
    }

    private func outage() {
        world.note("the database goes away")
        let length = world.duration(100...5000)
        for node in cluster.running { node.store.behaviour.isDown = true }
        world.after(length) { [self] in
            world.note("the database is back")
            for node in cluster.running { node.store.behaviour.isDown = false }
        }
    }

    private func exhaust() {
        guard let node = world.pick(cluster.running) else { return }
        node.kernel.limit = node.kernel.openDescriptors
        world.after(world.duration(100...2000)) { node.kernel.limit = 1024 }
    }
}
