import Broadcasts
import Time

/// One run of a cluster from a seed.
public struct Simulation {
    /// The outcome of a run.
    public struct Outcome {
        /// What to run again.
        public let seed: UInt64
        /// What was broken, in the order in which it was noticed.
        public let violations: [String]
        /// A digest of all lines of the trace, the same for the same seed.
        public let digest: UInt64
        /// All lines if they were kept, otherwise those before the first violation.
        public let trace: [String]
        /// What the seed switched on.
        public let swarm: String
        /// Virtual seconds.
        public let seconds: Double
        /// How many requests were sent.
        public let requests: Int
        /// How many changes the database stored.
        public let commits: Int
    }

    private static let channels = ["a/one", "a/two", "a/counter", "b/one", "b/held"]
    private static let interval = Duration.seconds(3)
    private static let duration = Duration.seconds(60)
    /// After the last fault, so that everything can settle.
    private static let settling = Duration.seconds(12)

    private let world: World
    private let swarm: Swarm
    private let cluster: Cluster
    private let faults: Faults
    private var actors: [Actor] = []
    private var followers: [Follower] = []
    private var counters: [CounterWriter] = []
    private var foreign: [ForeignWriter] = []

    /// Runs a seed. With a canary, the store has a bug that the checks must find.
    public static func run(seed: UInt64, canary: Bool = false, keepsTrace: Bool = false) -> Outcome {
        let world = World(seed: seed, keepsTrace: keepsTrace)
        do {
            var simulation = try Simulation(world, canary)
            try simulation.run()
            return simulation.outcome(seed)
        } catch {
            world.violate("a loop failed: \(error)")
            return Outcome(
                seed: seed, violations: world.violations, digest: world.trace.digest,
                trace: world.trace.report,
                swarm: "", seconds: 0, requests: 0, commits: 0)
        }
    }

    private init(_ world: World, _ canary: Bool) throws {
        self.world = world
        let swarm = Swarm(world)
        self.swarm = swarm
        let database = Database(world, servers: swarm.servers, channels: Self.channels)
        if swarm.servers > 1 {
            database.applyDelay = 0...30
            for server in database.servers { server.clockOffset = world.number(-40...40) * 1000 }
        }
        cluster = try Cluster(
            world, database, nodes: swarm.nodes, networkLatency: swarm.latency, hasCanary: canary
        ) {
            var settings = NodeSettings()
            settings.loops = swarm.loops
            settings.store = swarm.store
            settings.transfersParts = swarm.transfersParts
            settings.freshness.maxStaleness = swarm.staleness
            if swarm.hasHoldBack { settings.holdBack = ["b/held": Self.interval] }
            if swarm.isCrowded { (settings.maximumConnections, settings.maximumListeners) = (8, 3) }
            return settings
        }
        faults = Faults(swarm, cluster)
    }

    private mutating func addClients() {
        let check = StateCheck(
            cluster: cluster,
            expectations: Expectations(staleness: swarm.staleness, delivery: swarm.isPrompt ? delivery : nil))
        let views = cluster.database.views.all
        for number in 0..<world.number(2...6) {
            guard let view = world.pick(views) else { continue }
            actors.append(Poller("poller-\(number)", view, check, swarm.habits))
        }
        for number in 0..<world.number(0...5) {
            guard let view = world.pick(views) else { continue }
            actors.append(WaitingReader("waiter-\(number)", view, check, swarm.habits))
        }
        for number in 0..<world.number(0...6) {
            guard let view = world.pick(views) else { continue }
            let follower = Follower(
                "follower-\(number)", view, check, ClientHabits(), sendsLastEventID: world.chance(0.7),
                isSlow: swarm.hasSlowReaders && world.chance(0.4))
            followers.append(follower)
            actors.append(follower)
        }
        for channel in Self.channels where channel != CounterWriter.channel {
            for number in 0..<world.number(0...2) {
                actors.append(
                    Writer(
                        "writer-\(channel.replacing("/", with: "-"))-\(number)", channel, cluster,
                        swarm.habits,
                        deletes: swarm.deletes, isUrgent: swarm.hasUrgent))
            }
        }
        for number in 0..<world.number(0...4) {
            let counter = CounterWriter("counter-\(number)", cluster, swarm.habits)
            counters.append(counter)
            actors.append(counter)
        }
        if swarm.hasForeign { foreign.append(ForeignWriter("a/two", cluster)) }
    }

    /// Promise 2: max(watch_interval, 4 r) + r for a read r, and the way to the client. On a cluster, a read
    /// also waits for what the others have committed.
    private var delivery: Duration {
        let read = Duration.milliseconds(4 + (swarm.servers > 1 ? 60 : 0))
        return max(.milliseconds(200), read * 4) + read * 2 + .milliseconds(2 * swarm.latency.upperBound + 60)
    }

    private mutating func run() throws {
        world.note(swarm.description)
        addClients()
        for actor in actors { world.after(world.duration(0...2000)) { actor.start() } }
        for writer in foreign { writer.start() }
        faults.start()
        let database = cluster.database
        var seen = 0
        try run(until: world.began + Self.duration) { [followers, delivery, swarm] in
            guard swarm.isPrompt else { return }
            while seen < database.commits.count {
                let commit = database.commits[seen]
                for follower in followers where follower.follows(commit.channel) {
                    follower.expect(changeAt: commit.time, within: delivery)
                }
                seen += 1
            }
        }
        settle()
        try run(until: world.now + Self.settling) {}
        for follower in followers { follower.checkEnd() }
        checkRows()
        try end()
    }

    /// Runs what is due, in the order of virtual time.
    private func run(until end: Instant, _ step: () -> Void) throws {
        while true {
            try cluster.run()
            step()
            let next = [world.nextEvent, cluster.nextWakeTime].compactMap(\.self).min()
            guard let next, next <= end else { break }
            world.advance(to: next)
            while world.runEvent() {
                try cluster.run()
                step()
            }
        }
        world.advance(to: end)
    }

    /// Ends all faults and all writing.
    private func settle() {
        world.note("settling")
        faults.stop()
        for writer in foreign { writer.isStopped = true }
        for actor in actors where actor is Writer || actor is CounterWriter { actor.stop() }
    }

    private func checkRows() {
        CounterWriter.checkChain(cluster.database)
        if swarm.hasHoldBack, !swarm.hasUrgent, !swarm.deletes, !swarm.losesTail {
            HoldBackCheck.check("b/held", interval: Self.interval, cluster.database)
        }
        let steps = cluster.database.commits.filter {
            $0.channel == CounterWriter.channel && $0.what == "put"
        }.count
        let successes = counters.reduce(0) { $0 + $1.successes }
        if successes > steps { world.violate("\(successes) steps were acknowledged, \(steps) are stored") }
    }

    /// Drains every node: nothing may be left.
    private func end() throws {
        let isPolling = actors.contains { !$0.isStopped }
        for node in cluster.running { node.drain(within: .seconds(5)) }
        try run(until: world.now + .seconds(6)) {}
        for actor in actors { actor.stop() }
        if !cluster.running.isEmpty, isPolling { world.violate("nodes still run after the drain") }
    }

    private func outcome(_ seed: UInt64) -> Outcome {
        let seconds = world.began.duration(to: world.now).components.seconds
        return Outcome(
            seed: seed, violations: world.violations, digest: world.trace.digest, trace: world.trace.report,
            swarm: swarm.description, seconds: Double(seconds), requests: cluster.requestCount,
            commits: cluster.database.commits.count)
    }
}
