import BlockingWork
import Broadcasts
import Randomness
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// The adoption of a table that nodes of Mozilla's Megaphone are using.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct AdoptionTests {
    private let database: MySQLTestDatabase
    private let manual = ManualClock()
    private let log = LogRecorder()

    init() throws {
        database = try MySQLTestDatabase()
        try OriginalDatabase.make(at: database.address)
    }

    /// Opens a session of another program that reads the table and leaves its transaction open.
    private func openTransaction() throws -> MySQLConnection {
        let connection = try MySQLConnection.open(
            database.address, limits: .migrating, interrupter: Interrupter())
        try connection.query("START TRANSACTION")
        try connection.query("SELECT * FROM broadcastsv1")
        return connection
    }

    @Test func lockedTable_isLeftAlone_exceptForOneSecondAtATime() throws {
        let sessions = SessionFactory(
            address: database.address, clock: Clock(manual), random: RandomSource(seed: 1)
        ) { 0 }
        let prober = DatabaseProbe(
            address: database.address, migrates: true, additions: .history, logger: log.logger)
        func probe() throws(MySQLError) -> Duration {
            let began = Instant.now
            do throws(MySQLError) {
                _ = try prober.run(sessions, .probing, Interrupter())
                return .zero
            } catch {
                guard error.code == .ER_LOCK_WAIT_TIMEOUT else { throw error }
                #expect(error.message.contains("broadcastsv1 of database \(database.address.database)"))
                return began.duration(to: .now)
            }
        }
        func attempts() -> Int { log.lines.count { $0.contains("Applying migration 2") } }
        let holder = try openTransaction()
        let first = try probe()
        #expect(first >= .milliseconds(900) && first < .seconds(10), "one second, not twenty")
        // During the pause the table is free for others.
        for _ in 0..<20 { _ = try probe() }
        #expect(attempts() == 1)
        let began = Instant.now
        try database.address.sql(
            "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('a', 'B', 'v')")
        #expect(began.duration(to: .now) < .seconds(5))
        manual.advance(by: DatabaseProbe.pauseForLocks)
        #expect(try probe() >= .milliseconds(900))
        #expect(attempts() == 2)
        try holder.query("ROLLBACK")
        manual.advance(by: DatabaseProbe.pauseForLocks)
        #expect(try probe() == .zero)
        #expect(log.lines.contains { $0.contains("Applied migration 2") })
    }

    @Test func lockedTable_isNoFailureOfTheStart_andTheLogNamesTheHolder() async throws {
        let holder = try openTransaction()
        let id = try holder.integer("SELECT CONNECTION_ID()")
        let store = try database.store(logger: log.logger)
        defer { store.close() }
        let line = await log.line(containing: "cannot migrate")
        #expect(line.contains("session \(id ?? 0) of"), "\(line)")
        #expect(line.contains("next attempt in"))
        await #expect(throws: StoreError.self) { try await store.check(deadline: patient()) }
    }
}
