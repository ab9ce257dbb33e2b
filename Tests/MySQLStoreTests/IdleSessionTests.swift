import BlockingWork
import TestSupport
import Testing
import Time

@testable import MySQLStore

@Suite(.needsServer, .timeLimit(.minutes(1))) struct IdleSessionTests {
    /// Kills a session. Returns how many statements the next call ran, nil if it failed.
    private func statementsToReplaceADeadSession(
        trustedIdleTime: Duration, isRepeatable: Bool
    ) throws -> Int? {
        let database = try MySQLTestDatabase()
        var state = MySQLThreadState(address: database.address, trustedIdleTime: trustedIdleTime)
        var count = 0
        func sessionID() throws -> Int {
            count = 0
            let id = try state.useOpening(until: patient(), isRepeatable: isRepeatable) {
                session throws(MySQLError) in
                count += 1
                return try session.connection.integer("SELECT CONNECTION_ID()")
            }
            return try #require(id)
        }
        let first = try sessionID()
        #expect(try sessionID() == first)
        #expect(count == 1)
        try database.address.sql("KILL \(first)")
        do throws(MySQLError) {
            let next = try state.useOpening(until: patient(), isRepeatable: isRepeatable) {
                session throws(MySQLError) in
                count += 1
                return try session.connection.integer("SELECT CONNECTION_ID()")
            }
            #expect(next != first)
        } catch {
            return nil
        }
        return count - 1
    }

    @Test func deadSession_failsTheStatement_whichIsRetried() throws {
        for idle in [Duration.zero, .seconds(3_600)] {
            #expect(try statementsToReplaceADeadSession(trustedIdleTime: idle, isRepeatable: true) == 2)
        }
    }

    @Test func deadSession_isFoundByAPing_beforeAStatementThatMustNotRunTwice() throws {
        #expect(try statementsToReplaceADeadSession(trustedIdleTime: .zero, isRepeatable: false) == 1)
    }

    @Test("Canary: without the ping, a statement that must not run twice fails")
    func deadSession_isUsed() throws {
        #expect(
            try statementsToReplaceADeadSession(trustedIdleTime: .seconds(3_600), isRepeatable: false) == nil)
    }
}
