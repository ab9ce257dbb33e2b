import Broadcasts
import Time

/// The truth: the rows that every server agrees on, in the order of their commits, and each server's copy.
///
/// With one server, a commit is visible at once. With several (Galera), each applies the commits of the others
/// later, and a write fails if another one of the same channel was committed that its server had not applied.
final class Database {
    struct Commit {
        let number: Int
        let time: Instant
        let channel: String
        let before: StoredChannel?
        let after: StoredChannel?
        /// The request of a PUT or DELETE through our nodes; nil for a fold and for other programs.
        let requestID: String?
        let what: String
    }

    /// A server's copy of the rows.
    final class Server {
        fileprivate(set) var rows: [String: StoredChannel] = [:]
        fileprivate(set) var applied = 0
        /// The difference of its clock, in microseconds.
        var clockOffset = 0
        fileprivate var waiting: [(number: Int, action: () -> Void)] = []
    }

    let world: World
    let servers: [Server]
    /// How long a server takes to apply a commit of another one, in milliseconds.
    var applyDelay = 1...1
    private(set) var commits: [Commit] = []
    let views: ViewHistories
    private var lastApply: [Instant]

    init(_ world: World, servers count: Int, channels: [String]) {
        self.world = world
        servers = (0..<count).map { _ in Server() }
        views = ViewHistories(channels: channels, at: world.now)
        lastApply = Array(repeating: world.now, count: count)
    }

    func clock(of server: Server) -> Int { world.microseconds + server.clockOffset }

    /// Whether a server may change a channel: it knows the latest commit of it.
    func mayCommit(_ channel: String, from server: Server) -> Bool {
        !commits[server.applied...].contains { $0.channel == channel }
    }

    /// Commits a change. The server has it at once, the others later.
    func commit(
        _ channel: String, _ after: StoredChannel?, from server: Server, by requestID: String?, _ what: String
    ) {
        let before = rowsOfTruth[channel]
        let commit = Commit(
            number: commits.count + 1, time: world.now, channel: channel, before: before, after: after,
            requestID: requestID, what: what)
        world.note("commit \(commit.number) \(what) \(channel) \(describe(after)) by \(requestID ?? "-")")
        commits.append(commit)
        rowsOfTruth[channel] = after
        views.record(rowsOfTruth, at: world.now)
        for (index, other) in servers.enumerated() {
            guard servers.count > 1, other !== server else {
                // It applies what came before at once: its write waited for that.
                applyAll(to: other, upTo: commit.number)
                continue
            }
            lastApply[index] = max(lastApply[index], world.now + world.duration(applyDelay))
            world.after(world.now.duration(to: lastApply[index])) { [self] in
                applyAll(to: other, upTo: commit.number)
            }
        }
    }

    private var rowsOfTruth: [String: StoredChannel] = [:]

    /// The newest rows.
    var rows: [String: StoredChannel] { rowsOfTruth }

    private func applyAll(to server: Server, upTo number: Int) {
        while server.applied < number {
            let commit = commits[server.applied]
            server.rows[commit.channel] = commit.after
            server.applied += 1
        }
        let ready = server.waiting.filter { $0.number <= server.applied }
        server.waiting.removeAll { $0.number <= server.applied }
        for entry in ready { entry.action() }
    }

    /// Runs the action when the server has applied everything that is committed now (`wsrep_sync_wait`).
    func synchronize(_ server: Server, _ action: @escaping () -> Void) {
        let number = commits.count
        if server.applied >= number { return action() }
        server.waiting.append((number, action))
    }

    /// A failover to a server that had not received the last commits: they are undone.
    func loseTail(_ count: Int) {
        let lost = commits.suffix(count)
        for commit in lost.reversed() {
            self.commit(commit.channel, commit.before, from: servers[0], by: nil, "lost")
        }
    }
}

func describe(_ channel: StoredChannel?) -> String {
    guard let channel else { return "absent" }
    return channel.shown.map { "\(channel.version) held, \($0) shown" } ?? channel.version
}
