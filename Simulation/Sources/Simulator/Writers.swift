import Broadcasts
import Time

/// PUTs and deletes, with and without preconditions, and checks that a success is true.
final class Writer: Actor {
    private let channel: String
    private var written = 0
    private let deletes: Bool
    private let isUrgent: Bool

    init(
        _ name: String, _ channel: String, _ cluster: Cluster, _ habits: ClientHabits, deletes: Bool,
        isUrgent: Bool
    ) {
        self.channel = channel
        self.deletes = deletes
        self.isUrgent = isUrgent
        super.init(name, cluster, habits)
    }

    private var broadcaster: String { channel.split(separator: "/").first.map(String.init) ?? "" }

    override func act() {
        if deletes, world.chance(0.15) {
            return send("DELETE", "/v1/broadcasts/\(channel)", token: broadcaster, limit: .seconds(2)) {
                [weak self] response, request in
                self?.check(response, request, [200, 404], version: nil)
            }
        }
        if world.chance(0.8) { written += 1 }
        let version = "\(name)-\(written)"
        var fields: [String] = []
        if isUrgent, world.chance(0.2) { fields.append("Urgency: high") }
        if world.chance(0.1) { fields.append("If-None-Match: *") }
        if world.chance(0.1) { fields.append("If-Match: *") }
        send(
            "PUT", "/v1/broadcasts/\(channel)", token: broadcaster, fields, body: version, limit: .seconds(2)
        ) {
            [weak self] response, request in
            self?.check(response, request, [200, 201, 412], version: version)
        }
    }

    private func check(
        _ response: ReceivedResponse, _ request: SentRequest, _ expected: [Int], version: String?
    ) {
        defer { pause(10...2500) }
        if [401, 408, 503].contains(response.status) { return }
        guard expected.contains(response.status) else {
            return world.violate("\(request.id) got status \(response.status)")
        }
        guard response.status < 300 else { return }
        // The channel had the version, or none, at some time between request and response.
        let commits = cluster.database.commits
        let isOwn = commits.contains { $0.requestID == request.id }
        let had = commits.contains { commit in
            commit.channel == channel && commit.after?.version == version && commit.time <= world.now
        }
        if !isOwn, version == nil || !had {
            world.violate("\(request.id) got \(response.status), but nothing is stored")
        }
        if isOwn, version != nil { checkStillCounts(request, version) }
    }

    /// Unless something replaced it, the channel has what was acknowledged.
    private func checkStillCounts(_ request: SentRequest, _ version: String?) {
        let own = cluster.database.commits.filter { $0.requestID == request.id }
        if own.count > 1 { world.violate("\(request.id) is stored \(own.count) times") }
    }
}

/// Increments a counter with `If-Match`: nothing may be lost, whatever fails.
final class CounterWriter: Actor {
    static let channel = "a/counter"
    private var attempts = 0
    private(set) var successes = 0
    private(set) var sent: Set<String> = []

    override func act() {
        send("GET", "/v1/broadcasts/\(Self.channel)", token: "a", limit: .milliseconds(250)) {
            [weak self] response, _ in
            guard let self else { return }
            switch response.status {
            case 200:
                let value = response.body.components("\"").dropLast().last.map { $0.components(".")[0] } ?? ""
                guard response.fields["age"] == nil, let number = Int(value) else { return pause(10...200) }
                put(number + 1, "If-Match: \(response.fields["etag"] ?? "")")
            case 404: put(1, "If-None-Match: *")
            default: pause(10...500)
            }
        }
    }

    private func put(_ number: Int, _ condition: String) {
        attempts += 1
        let version = "\(number).\(name).\(attempts)"
        sent.insert(version)
        send(
            "PUT", "/v1/broadcasts/\(Self.channel)", token: "a", [condition], body: version,
            limit: .seconds(2)
        ) { [weak self] response, request in
            guard let self else { return }
            if [200, 201].contains(response.status) { accept(version, request) }
            pause(10...500)
        }
    }

    private func accept(_ version: String, _ request: SentRequest) {
        successes += 1
        if !cluster.database.commits.contains(where: {
            $0.channel == Self.channel && $0.after?.version == version
        }) {
            world.violate("\(request.id): the step \(version) was acknowledged and is not stored")
        }
    }

    /// Each commit of the counter is one step from the one before, unless a failover undid some.
    static func checkChain(_ database: Database) {
        for commit in database.commits where commit.channel == channel && commit.what == "put" {
            let before = commit.before?.version.components(".").first.flatMap { Int($0) } ?? 0
            let after = commit.after?.version.components(".").first.flatMap { Int($0) } ?? 0
            if after != before + 1 {
                database.world.violate(
                    "the counter went from \(commit.before?.version ?? "nothing") to \(commit.after?.version ?? "nothing")"
                )
            }
        }
    }
}

/// A node of Mozilla's Megaphone, or a person with SQL: writes versions without asking.
final class ForeignWriter {
    private let cluster: Cluster
    private let channel: String
    private var written = 0
    var isStopped = false

    init(_ channel: String, _ cluster: Cluster) {
        self.cluster = cluster
        self.channel = channel
    }

    func start() {
        let (world, database) = (cluster.world, cluster.database)
        world.after(world.duration(200...4000)) { [weak self] in
            guard let self, !isStopped else { return }
            if let server = world.pick(database.servers), database.mayCommit(channel, from: server) {
                written += 1
                var row = server.rows[channel] ?? StoredChannel(version: "")
                row.version = "foreign-\(written)"
                database.commit(channel, row, from: server, by: nil, "foreign")
            }
            start()
        }
    }
}
