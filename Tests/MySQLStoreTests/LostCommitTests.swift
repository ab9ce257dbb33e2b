import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// The run after one whose COMMIT was sent and had no answer, and other decisions of the locked write that
/// need a session of their own.
@Suite(.needsServer, .timeLimit(.minutes(1))) struct LostCommitTests {
    private let database: MySQLTestDatabase
    private let upkeep = HistoryUpkeep()

    init() throws {
        database = try MySQLTestDatabase()
        try MySQLStore.migrate(database.address, logger: silent)
        try set("v1")
    }

    /// Sets the version of channel `test/one` as another program does.
    private func set(_ version: String) throws {
        try database.address.sql(
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('test', 'one', '\(version)') \
            ON DUPLICATE KEY UPDATE version = '\(version)'
            """)
    }

    private func open() throws -> MySQLSession {
        try MySQLSession.open(
            database.address, limits: .opening, interrupter: Interrupter(), variables: ServerVariables(),
            time: DatabaseTime(), generation: 0, expiry: patient())
    }

    private func lost(_ outcome: ChangeOutcome) -> LostCommit {
        let lost = LostCommit()
        lost.outcome = outcome
        return lost
    }

    @Test func changeThatIsStored_hasTheOutcomeOfTheEarlierRun_andNoSecondEntry() throws {
        var session = try open()
        for (version, outcome) in [("v1", ChangeOutcome.created), ("v1", .changed)] {
            let change = change("test", "one", version, historyLimit: 5)
            #expect(try session.apply(change, lost(outcome), upkeep, at: .now).outcome == outcome)
        }
        try database.address.sql("DELETE FROM broadcastsv1")
        let removal = deletion("test", "one", historyLimit: 5)
        #expect(try session.apply(removal, lost(.deleted), upkeep, at: .now).outcome == .deleted)
        #expect(try database.address.sql("SELECT id FROM megaphone_history").isEmpty)
    }

    /// The earlier run may have stored the change, and another client may have overwritten it since.
    @Test func preconditionThatDoesNotHoldAnyMore_leavesTheOutcomeOpen() throws {
        var session = try open()
        let precondition = Precondition(ifMatch: try entityTags("one", "v0"))
        for change in [
            change("test", "one", "v2", precondition, historyLimit: 5),
            deletion("test", "one", precondition, historyLimit: 5),
        ] {
            let lost = lost(change.version == nil ? .deleted : .changed)
            #expect {
                try session.apply(change, lost, upkeep, at: .now)
            } throws: { error in
                guard let error = error as? MySQLError else { return false }
                return !error.isWorthRepeating(true) && !error.isDatabaseTrouble && !error.endsSession
            }
        }
        // The transaction has ended: another session can lock the row.
        try database.address.sql("SET innodb_lock_wait_timeout = 1", "DELETE FROM broadcastsv1")
    }

    /// The transaction of the earlier run may still hold the lock.
    @Test func lockOfTheEarlierRun_doesNotMakeTheNextOneForget() throws {
        var session = try open()
        let earlier = try MySQLConnection.open(
            database.address, limits: .opening, interrupter: Interrupter())
        try earlier.query("START TRANSACTION")
        try earlier.query("DELETE FROM broadcastsv1 WHERE bchannel_id = 'one'")
        let lost = lost(.deleted)
        let removal = deletion("test", "one", historyLimit: 5)
        #expect {
            try session.apply(removal, lost, upkeep, at: .now)
        } throws: {
            ($0 as? MySQLError)?.code == .ER_LOCK_WAIT_TIMEOUT
        }
        try earlier.query("COMMIT")
        #expect(try session.apply(removal, lost, upkeep, at: .now).outcome == .deleted)
    }

    /// On Galera, the lock of a row ends at its server, so the row may change between the read and the write.
    @Test(arguments: ["v2", nil])
    func rowThatChangedAfterItsRead_isNotOverwritten(version: String?) throws {
        var session = try open()
        try session.allowSeveralStatements()
        let next =
            version.map { change("test", "one", $0, historyLimit: 5) }
            ?? deletion("test", "one", historyLimit: 5)
        for read in ["v0", "v1 ", "V1"] {
            #expect {
                try session.write(next, stored(next), over: row(read), recording: true)
            } throws: {
                ($0 as? MySQLError)?.isConflict ?? false
            }
        }
        #expect(try database.address.sql("SELECT version FROM broadcastsv1") == ["v1"])
        try session.write(next, stored(next), over: row("v1"), recording: true)
        #expect(try database.address.sql("SELECT version FROM broadcastsv1") == (version.map { [$0] } ?? []))
    }

    @Test func conflict_isRolledBack() throws {
        var session = try open()
        try database.address.sql(
            """
            CREATE TRIGGER interfere BEFORE INSERT ON megaphone_history FOR EACH ROW \
            SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'a conflict'
            """)
        let change = change("test", "one", "v2", historyLimit: 5)
        #expect {
            try session.apply(change, LostCommit(), upkeep, at: .now)
        } throws: {
            ($0 as? MySQLError)?.isConflict ?? false
        }
        // Would commit a transaction that is still open.
        try session.connection.query("START TRANSACTION")
        #expect(try database.address.sql("SELECT version FROM broadcastsv1") == ["v1"])
        try database.address.sql("DROP TRIGGER interfere")
        #expect(try session.apply(change, LostCommit(), upkeep, at: .now).outcome == .changed)
        #expect(try database.address.sql("SELECT previous FROM megaphone_history") == ["v1"])
    }

    private func row(_ version: String) -> MySQLSession.LockedRow {
        MySQLSession.LockedRow(channel: StoredChannel(version: version), version: Array(version.utf8))
    }

    private func stored(_ change: Change) -> StoredChannel? {
        change.version.map { StoredChannel(version: $0.text) }
    }
}
