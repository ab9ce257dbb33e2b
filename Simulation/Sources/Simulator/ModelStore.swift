import Broadcasts
import Time

/// How a node's database behaves.
struct StoreBehaviour {
    /// How long the way to the database and back takes, in milliseconds, half of it each way.
    var delay = 0...2
    /// Share of the calls that fail, that hang until their deadline, and of the writes whose answer is lost.
    var failures = 0.0
    var hangs = 0.0
    var lostAnswers = 0.0
    var isDown = false
}

/// A store with the contract of `BroadcastStore` over the simulated database.
///
/// `@unchecked`: a simulation has one thread.
final class ModelStore: BroadcastStore, @unchecked Sendable {
    private let database: Database
    private let server: Database.Server
    private let world: World
    var behaviour = StoreBehaviour()
    private var isClosed = false
    /// A planted bug, which the checks must find: one PUT in twenty is acknowledged and not stored.
    var losesWrites = false

    init(_ database: Database, _ server: Database.Server) {
        self.database = database
        self.server = server
        world = database.world
    }

    /// A call that ends once: with its result, or at its deadline.
    private final class Call<Value> {
        private var finish: ((Result<Value, StoreError>) -> Void)?
        var isOver: Bool { finish == nil }

        init(_ finish: @escaping (Result<Value, StoreError>) -> Void) { self.finish = finish }

        func end(_ result: Result<Value, StoreError>) {
            let finish = finish
            self.finish = nil
            finish?(result)
        }
    }

    private func begin<Value>(
        _ deadline: Instant, _ finish: @escaping (Result<Value, StoreError>) -> Void,
        _ work: @escaping (Call<Value>) -> Void
    ) {
        let call = Call(finish)
        if isClosed { return call.end(.failure(.unavailable("closed"))) }
        world.after(max(.zero, world.now.duration(to: deadline))) { call.end(.failure(.deadlineExceeded)) }
        if behaviour.isDown {
            return world.after(.milliseconds(1)) { call.end(.failure(.unavailable("down"))) }
        }
        if world.chance(behaviour.hangs) { return }
        let fails = world.chance(behaviour.failures)
        world.after(world.duration(behaviour.delay)) {
            if fails { return call.end(.failure(.failed("injected"))) }
            work(call)
        }
    }

    // MARK: - Reads

    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
    ) {
        begin(deadline, receive) { [self] call in read(call, make, rounds: 3) }
    }

    private func read(_ call: Call<StoreRead>, _ make: @escaping ([BoardRow]) -> Board, rounds: Int) {
        database.synchronize(server) {
            if !call.isOver { self.answer(call, make, rounds: rounds) }
        }
    }

    private func answer(_ call: Call<StoreRead>, _ make: @escaping ([BoardRow]) -> Board, rounds: Int) {
        guard fold() else {
            guard rounds > 1 else { return call.end(.failure(.failed("conflict"))) }
            return world.after(.milliseconds(1)) { self.read(call, make, rounds: rounds - 1) }
        }
        let now = database.clock(of: server)
        let rows = server.rows.keys.sorted().compactMap { name -> BoardRow? in
            guard let channel = server.rows[name], let slash = name.firstIndex(of: "/") else { return nil }
            return BoardRow(
                broadcasterID: String(name[..<slash]), channelID: String(name[name.index(after: slash)...]),
                channel, at: now)
        }
        let due = rows.compactMap { $0.held?.announceAt }.min().map { Duration.microseconds($0 - now) }
        let read = StoreRead(board: make(rows), takesWrites: true, nextAnnouncement: due)
        world.after(world.duration(behaviour.delay)) { call.end(.success(read)) }
    }

    /// Records the announcements whose time has come. Returns false after a conflict.
    private func fold() -> Bool {
        let now = database.clock(of: server)
        for name in server.rows.keys.sorted() {
            guard let channel = server.rows[name], channel.isDue(at: now) else { continue }
            guard database.mayCommit(name, from: server) else { return false }
            database.commit(name, channel.folded(at: now), from: server, by: nil, "fold")
        }
        return true
    }

    // MARK: - Writes

    func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        let result: Result<ChangeOutcome, StoreError> = await withCheckedContinuation { continuation in
            begin(deadline, { continuation.resume(returning: $0) }) { [self] call in write(change, call) }
        }
        return try result.get()
    }

    private func write(_ change: Change, _ call: Call<ChangeOutcome>) {
        database.synchronize(server) { [self] in
            guard !call.isOver else { return }
            let name = change.channel.text
            let decision = change.decision(on: server.rows[name], at: database.clock(of: server))
            let known = server.applied
            // Between decision and commit, on a cluster, another server may commit.
            let wait = database.servers.count > 1 ? world.duration(0...2) : .zero
            let commit = { [self] in
                guard database.commits[known...].allSatisfy({ $0.channel != name }) else {
                    return world.after(world.duration(1...10)) { [self] in write(change, call) }
                }
                finish(change, decision, call)
            }
            if wait == .zero { commit() } else { world.after(wait, commit) }
        }
    }

    private func finish(_ change: Change, _ decision: ChangeDecision, _ call: Call<ChangeOutcome>) {
        // The session ends with its deadline; a COMMIT that was not sent stores nothing.
        guard !call.isOver else { return }
        let isLost = losesWrites && decision.outcome == .changed && world.chance(0.05)
        if decision.outcome.isWritten, !isLost {
            database.commit(
                change.channel.text, decision.channel, from: server, by: change.requestID,
                change.version == nil ? "delete" : "put")
        }
        if world.chance(behaviour.lostAnswers) {
            return world.after(world.duration(0...50)) { call.end(.failure(.failed("the answer is lost"))) }
        }
        world.after(world.duration(behaviour.delay)) { call.end(.success(decision.outcome)) }
    }

    // MARK: - The rest

    func findHoldBack(deadline: Instant, receive: @escaping @Sendable (Bool) -> Void) { receive(true) }

    func history(_ query: HistoryQuery, deadline: Instant) async throws(StoreError) -> HistoryPage? {
        let result: Result<HistoryPage?, StoreError> = await withCheckedContinuation { continuation in
            begin(deadline, { continuation.resume(returning: $0) }) { [self] call in
                call.end(.success(page(query)))
            }
        }
        return try result.get()
    }

    private func page(_ query: HistoryQuery) -> HistoryPage? {
        var read = HistoryRead()
        read.row = server.rows[query.channel.text].map { ($0.version, nil) }
        let own = database.commits.filter { $0.channel == query.channel.text && $0.requestID != nil }
        read.hasEntries = !own.isEmpty
        let older = own.reversed().filter { commit in query.before.map { commit.number < $0 } ?? true }
        read.entries = older.prefix(query.limit + 1).map { commit in
            HistoryEntry(
                id: commit.number, version: commit.after?.version, previous: commit.before?.version,
                time: nil,
                requestID: commit.requestID)
        }
        return read.page(query)
    }

    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
        begin(
            deadline,
            { (result: Result<Void, StoreError>) in
                if case .failure(let error) = result { receive(error) } else { receive(nil) }
            }
        ) { $0.end(.success(())) }
    }

    func close() { isClosed = true }
}
