import Logging
import Telemetry
import TestSupport
import Testing

struct LevelTests {
    @Test(arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func level_hasTheSeverityOfSyslog(level: Logger.Level, severity: Int) {
        #expect(Severity(level).rawValue == severity)
    }

    @Test(arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func level_enablesItsSeverityAndHigherOnes(level: Logger.Level, least: Int) throws {
        let log = try LogFixture(level: level)
        for severity in Severity.allCases {
            #expect(log.output.isEnabled(severity) == (severity.rawValue <= least))
        }
        log.output.close()
    }

    @Test func linesBelowTheLevel_areNotWritten() throws {
        let log = try LogFixture(level: .warning)
        let logger = log.output.logger("l")
        log.output.write(.example)
        logger.info("no")
        logger.warning("yes")
        #expect(try log.json()["Fields"]?["msg"] == .string("yes"))
        #expect(log.output.droppedLines == 0)
        log.output.close()
    }

    @Test func changedLevel_appliesToExistingLoggers() throws {
        let log = try LogFixture(level: .error)
        let logger = log.output.logger("l")
        logger.info("no")
        log.output.level = .trace
        #expect(log.output.level == .trace)
        logger.trace("yes")
        #expect(try log.json()["Fields"]?["msg"] == .string("yes"))
        log.output.close()
    }

    @Test func levelOfALogger_doesNotAffectOthers() throws {
        let log = try LogFixture(level: .info)
        var quiet = log.output.logger("quiet")
        quiet.logLevel = .error
        quiet.info("no")
        log.output.logger("loud").info("yes")
        #expect(try log.json()["Type"] == .string("loud"))
        log.output.close()
    }
}
