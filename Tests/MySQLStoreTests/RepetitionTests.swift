import BlockingWork
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// How often a statement that fails is retried.
@Suite(.needsServer, .timeLimit(.minutes(1))) struct RepetitionTests {
    private func attempts(
        failingWith number: UInt32, _ failures: Int, until deadline: Instant, isRepeatable: Bool = true
    ) throws -> (count: Int, succeeded: Bool) {
        let database = try MySQLTestDatabase()
        var state = MySQLThreadState(address: database.address)
        var count = 0
        let result: Void? = try? state.useOpening(until: deadline, isRepeatable: isRepeatable) {
            _ throws(MySQLError) in
            count += 1
            guard count > failures else {
                throw MySQLError(code: MySQLErrorCode(rawValue: number), message: "", stage: .statement)
            }
        }
        return (count, result != nil)
    }

    @Test func conflicts_areRetried_untilTheStatementSucceeds() throws {
        #expect(try attempts(failingWith: 1213, 10, until: patient()) == (11, true))
    }

    @Test func conflicts_areRetried_onlyUntilTheDeadline() throws {
        let began = Instant.now
        let (count, succeeded) = try attempts(failingWith: 1213, .max, until: began + .milliseconds(300))
        #expect(count > 3 && !succeeded)
        #expect(began.duration(to: .now) >= .milliseconds(300))
    }

    @Test(arguments: [1205, 1615, 2013] as [UInt32])
    func otherErrors_areRetriedTwice(number: UInt32) throws {
        #expect(try attempts(failingWith: number, 2, until: patient()) == (3, true))
        #expect(try attempts(failingWith: number, 3, until: patient()) == (3, false))
    }

    @Test(arguments: [(1213, true), (1205, true), (1243, true), (2013, false), (2006, false), (1180, false)])
    func nonrepeatableStatement_isRetried_onlyWhenNothingWasStored(
        number: UInt32, isRepeated: Bool
    ) throws {
        let (count, succeeded) = try attempts(failingWith: number, 1, until: patient(), isRepeatable: false)
        #expect(count == (isRepeated ? 2 : 1) && succeeded == isRepeated)
    }

    @Test(arguments: [1146, 1290, 1021, 1114] as [UInt32])
    func permanentErrors_areNotRetried(number: UInt32) throws {
        #expect(try attempts(failingWith: number, 1, until: patient()) == (1, false))
    }
}
