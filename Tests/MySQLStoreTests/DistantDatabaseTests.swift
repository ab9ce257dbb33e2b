import BlockingWork
import Broadcasts
import Randomness
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// A working database with a long round trip.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(3))) struct DistantDatabaseTests {
    private let database: MySQLTestDatabase
    private let proxy: FaultProxy
    private let log = LogRecorder()

    init() throws {
        database = try MySQLTestDatabase()
        try MySQLStore.migrate(database.address, logger: silent)
        proxy = try FaultProxy(to: database.address.port)
    }

    /// Opens a store over a connection with this round-trip time. Returns once it is connected.
    private func connectedStore(_ roundTrip: Duration, poolSize: Int = 4) async throws -> MySQLStore {
        proxy.set(.delay(roundTrip / 2))
        let store = try MySQLStore(
            address: database.address.with(port: proxy.port), poolSize: poolSize, migrate: true,
            logger: log.logger)
        // Above 300 ms, `init` stops waiting and logs that the database has not answered yet.
        _ = await log.line(containing: "not encrypted")
        log.clear()
        return store
    }

    private func close(_ store: MySQLStore) {
        store.close()
        proxy.end()
    }

    private static let roundTrips: [Duration] = [.milliseconds(40), .milliseconds(120), .milliseconds(300)]
    /// The default of `write_deadline`, less the twentieth that the API reserves for the response.
    private static let writeLimit = Duration.milliseconds(1_900)

    @Test(arguments: roundTrips + [.milliseconds(600)])
    func put_succeedsWithinTheWriteDeadline(roundTrip: Duration) async throws {
        let store = try await connectedStore(roundTrip)
        for number in 0..<3 {
            let version = change("test", "one", "v\(number)")
            _ = try await store.apply(version, deadline: soon(Self.writeLimit))
        }
        close(store)
        #expect(!log.lines.contains { $0.contains("down") }, "\(log.lines)")
    }

    /// More callers than open sessions: while new sessions are opened, calls run on free ones.
    @Test(arguments: roundTrips)
    func puts_succeedWithinTheWriteDeadline_fourAtATime(roundTrip: Duration) async throws {
        let store = try await connectedStore(roundTrip)
        try await withThrowingTaskGroup { group in
            for number in 0..<4 {
                group.addTask {
                    let version = change("test", "c\(number)", "v")
                    _ = try await store.apply(version, deadline: soon(Self.writeLimit))
                }
            }
            try await group.waitForAll()
        }
        close(store)
    }

    @Test(arguments: roundTrips)
    func missedReads_causeNoOutage(roundTrip: Duration) async throws {
        let store = try await connectedStore(roundTrip)
        for _ in 0..<5 {
            _ = try? await store.readRows(deadline: soon(roundTrip / 4))
            _ = try? await store.readRows(deadline: soon(.milliseconds(110)))
            try? await store.check(deadline: soon(.milliseconds(110)))
        }
        _ = try await store.apply(change("test", "one", "v"), deadline: soon(Self.writeLimit))
        close(store)
        #expect(!log.lines.contains { $0.contains("down") || $0.contains("restored") }, "\(log.lines)")
    }

    @Test(arguments: roundTrips + [.milliseconds(600)])
    func reads_succeedWithinTwoSeconds(roundTrip: Duration) async throws {
        let store = try await connectedStore(roundTrip)
        for _ in 0..<3 { _ = try await store.readRows(deadline: soon(.seconds(2))) }
        close(store)
    }

    @Test func watchHandsItsSessionToThePool() async throws {
        let store = try await connectedStore(.milliseconds(20))
        _ = try await store.readRows(deadline: patient())
        _ = try await store.apply(change("test", "one", "v"), deadline: patient())
        try await store.check(deadline: patient())
        // On a busy machine, a quick probe may have opened another session.
        try eventually { try database.sessionIDs().count == 1 && store.sessionCounts.idle == 1 }
        close(store)
    }

    @Test func session_outlivesTheDeadlineOfTheCallThatItWasOpenedFor() async throws {
        let store = try await connectedStore(.milliseconds(300))
        // The session of the watch counts as idle before a thread has taken it.
        try eventually(within: .seconds(10)) {
            store.sessionCounts.idle == 1 && store.sessionCounts.opening == 0
        }
        // The only session is busy, so the second call needs a new one, whose opening takes longer than the
        // call's deadline.
        let first = Event()
        store.read(deadline: patient()) {
            Board(rows: $0)
        } receive: { _ in
            first.happen()
        }
        await #expect(throws: StoreError.deadlineExceeded) {
            try await store.readRows(deadline: soon(.milliseconds(150)))
        }
        await first.wait()
        #expect(store.sessionCounts.opening == 1 && store.sessionCounts.leftBehind == 0)
        try eventually(within: .seconds(10)) { store.sessionCounts.idle == 2 }
        close(store)
    }
}

/// The lifetime and the setup of sessions.
@Suite(.needsServer, .timeLimit(.minutes(1))) struct SessionLifetimeTests {
    private let database: MySQLTestDatabase

    init() throws {
        database = try MySQLTestDatabase()
        try MySQLStore.migrate(database.address, logger: silent)
    }

    @Test func session_isReplaced_afterItsLifetime() async throws {
        let time = ManualClock()
        let sessions = SessionFactory(
            address: database.address, clock: Clock(time), random: RandomSource(seed: 1)
        ) { 0 }
        var state = MySQLThreadState(sessions: sessions, interrupter: Interrupter()) {}
        func sessionID() throws -> Int? {
            try state.useOpening(until: time.now + .seconds(60)) { session throws(MySQLError) in
                try session.connection.integer("SELECT CONNECTION_ID()")
            }
        }
        let first = try sessionID()
        time.advance(by: .seconds(26 * 60))
        #expect(try sessionID() == first)
        time.advance(by: .seconds(5 * 60))
        #expect(try sessionID() != first)
    }

    @Test func lifetimes_differ() throws {
        let sessions = SessionFactory(
            address: database.address, clock: .system, random: RandomSource(seed: 1)
        ) { 0 }
        let now = Instant.now
        var expiries: Set<Instant> = []
        for _ in 0..<3 { expiries.insert(try sessions.open(Interrupter()).expiry) }
        #expect(expiries.count == 3)
        #expect(expiries.allSatisfy { $0 > now + .seconds(1_600) && $0 < now + .seconds(1_830) })
    }

    /// Once the server's version is known, setting up a session takes one statement, and looking for the
    /// columns of hold-back another one.
    @Test func setUp_takesTwoStatements() throws {
        let sessions = SessionFactory(
            address: database.address, clock: .system, random: .system
        ) { 0 }
        func statements() throws -> Int {
            let session = try sessions.open(Interrupter())
            try session.connection.query("SHOW SESSION STATUS LIKE 'Questions'")
            _ = session.connection.nextRow()
            return try #require(session.connection.text(at: 1).flatMap { Int($0) }) - 1
        }
        #expect(try statements() == 4)
        #expect(try statements() == 2)
    }
}
