import BlockingWork
import Testing
import Time

@testable import MySQLStore

@Suite(.needsServer, .timeLimit(.minutes(1))) struct IdleSessionTests {
    @Test(
        "A dead session is found by asking it when it was idle for long, else by the statement, which is repeated",
        arguments: [(Duration.zero, 1), (.seconds(3_600), 2)])
    func deadSession(trustedIdleTime: Duration, statements: Int) throws {
        let database = try MySQLTestDatabase()
        var worker = MySQLThreadState(
            address: database.address, interrupter: Interrupter(), trustedIdleTime: trustedIdleTime)
        var count = 0
        func sessionID() throws -> Int? {
            count = 0
            return try worker.use(until: patient(), generation: 0) { session throws(MySQLError) in
                count += 1
                return try session.connection.integer("SELECT CONNECTION_ID()")
            }.get()
        }
        let first = try #require(try sessionID())
        #expect(try sessionID() == first)
        #expect(count == 1)
        try database.address.sql("KILL \(first)")
        #expect(try sessionID() != first)
        #expect(count == statements)
    }
}
