import Time

/// A client with a task of its own, which it repeats over one connection after another.
class Actor {
    let cluster: Cluster
    let habits: ClientHabits
    let name: String
    private(set) var client: HTTPClient?
    private(set) var isStopped = false

    init(_ name: String, _ cluster: Cluster, _ habits: ClientHabits) {
        self.name = name
        self.cluster = cluster
        self.habits = habits
    }

    var world: World { cluster.world }

    /// Does the next thing over the open connection.
    func act() {}
    /// The connection has ended.
    func disconnected() {}

    func start() {
        guard !isStopped else { return }
        let client = HTTPClient(world)
        self.client = client
        client.whenConnected = { [weak self] in self?.act() }
        client.whenEnded = { [weak self] _ in self?.lose() }
        cluster.connect(client, to: world.number(0...(cluster.nodes.count - 1)))
    }

    private func lose() {
        client = nil
        disconnected()
        guard !isStopped else { return }
        world.after(world.duration(50...1500)) { [weak self] in self?.start() }
    }

    /// Stops and closes.
    func stop() {
        isStopped = true
        client?.isUnreliable = true
        client?.close()
    }

    /// Acts again after a pause.
    func pause(_ milliseconds: ClosedRange<Int>) {
        let client = client
        world.after(world.duration(milliseconds)) { [weak self] in
            guard let self, !isStopped, let client, client === self.client, client.isOpen else { return }
            act()
        }
    }

    /// Sends a request, perhaps byte by byte, and perhaps leaves in the middle.
    func send(
        _ method: String, _ path: String, token: String, _ fields: [String] = [], body: String? = nil,
        limit: Duration, isStream: Bool = false, id: String? = nil,
        answered: @escaping (ReceivedResponse, SentRequest) -> Void
    ) {
        guard let client else { return }
        let id = id ?? cluster.nextRequestID()
        let sent = SentRequest(
            id: id, isHead: method == "HEAD", isStream: isStream, sentAt: world.now,
            limit: limit + .milliseconds(4 * cluster.networkLatency.upperBound + 50) + habits.slack,
            answered: answered)
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let lines =
            [
                "\(method) \(path) HTTP/1.1", "Host: simulation", "Authorization: Bearer \(token)",
                "X-Request-Id: \(id)",
            ]
            + fields + length + ["", ""]
        let bytes = Array(lines.joined(separator: "\r\n").utf8) + Array((body ?? "").utf8)
        world.note("\(name) sends \(id): \(method) \(path) \(fields.joined(separator: " ")) \(body ?? "")")
        transmit(sent, bytes, client)
    }

    private func transmit(_ sent: SentRequest, _ bytes: [UInt8], _ client: HTTPClient) {
        if world.chance(habits.abandons) {
            world.note("\(name) abandons \(sent.id)")
            client.isUnreliable = true
            client.send(sent, Array(bytes.prefix(world.number(0...bytes.count))))
            let byReset = world.chance(0.5)
            world.after(world.duration(0...400)) { client.leave(byReset: byReset) }
        } else if world.chance(habits.trickles) {
            world.note("\(name) trickles \(sent.id) on \(client.link?.number ?? 0)")
            client.send(sent, [])
            for (index, byte) in bytes.enumerated() {
                world.after(.milliseconds(index)) { if client.isOpen { client.link?.send([byte]) } }
            }
        } else {
            client.send(sent, bytes)
            if world.chance(habits.halfCloses) { client.link?.shutdown() }
        }
    }
}

/// How well a client behaves: the share of its requests in which it does something unusual.
struct ClientHabits {
    var trickles = 0.0
    var abandons = 0.0
    var halfCloses = 0.0
    /// Added to the time limits of responses.
    var slack: Duration { trickles > 0 ? .milliseconds(500) : .zero }
}
