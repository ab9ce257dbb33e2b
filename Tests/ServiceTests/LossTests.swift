import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// No acknowledged PUT is lost and no channel goes backwards, when the service or the database is killed.
@Suite(.timeLimit(.minutes(5))) struct LossTests {
    @Test func killedService_losesNothing_onSQLite() throws {
        try killService(20, databaseURL: "sqlite:loss.db")
    }

    @Test(.needsDatabaseServer) func killedServiceAndKilledDatabase_loseNothing_onMySQL() throws {
        let database = try DatabaseServer()
        try killService(20, databaseURL: database.url)
        try killDatabase(5, database)
    }

    private func killService(_ times: Int, databaseURL: String) throws {
        let directory = try TemporaryDirectory()
        let arguments = RunningService.tokens + ["--database-url=\(databaseURL)"]
        var service = try withUnusedPort {
            try RunningService(arguments + ["--log-level=notice"], in: directory, port: $0)
        }
        let port = service.address.port
        let writers = try Writers(4, to: service.address)
        var seen = [Int](repeating: 0, count: 4)
        for _ in 0..<times {
            let before = writers.now.acknowledgements
            try writers.wait { $0.acknowledgements >= before + 20 }
            service.process.signal(SIGKILL)
            _ = try service.process.waitForExit()
            let acknowledged = writers.now.acknowledged
            service = try RunningService(arguments + ["--log-level=notice"], in: directory, port: port)
            seen = try expect(service, toHold: acknowledged, andNotLessThan: seen)
        }
        let record = writers.stop()
        #expect(record.broken > 0, "the service was killed while the writers were connected")
        #expect(record.refusals == 0)
        _ = try expect(service, toHold: record.acknowledged, andNotLessThan: seen)
        #expect(try service.stop() == 0)
    }

    private func killDatabase(_ times: Int, _ database: DatabaseServer) throws {
        let service = try RunningService(
            RunningService.tokens + ["--database-url=\(database.url)", "--log-level=notice"], logsTo: "log")
        let writers = try Writers(4, to: service.address)
        var seen = [Int](repeating: 0, count: 4)
        for _ in 0..<times {
            let before = writers.now
            try writers.wait { $0.acknowledgements >= before.acknowledgements + 20 }
            try database.kill()
            try writers.wait { $0.refusals >= before.refusals + 4 }
            let during = writers.now
            try database.start()
            try writers.wait { $0.acknowledgements >= during.acknowledgements + 20 }
            seen = try expect(service, toHold: during.acknowledged, andNotLessThan: seen)
        }
        let record = writers.stop()
        #expect(record.broken == 0, "the service kept its connections")
        _ = try expect(service, toHold: record.acknowledged, andNotLessThan: seen)
        #expect(try service.stop() == 0)
        let log = try service.directory.read("log").split(separator: "\n")
        #expect(log.count { $0.contains("503") && $0.contains("errno=202") } >= record.refusals)
    }

    /// Returns the numbers on the board. Each must be the acknowledged one or a later one.
    private func expect(
        _ service: RunningService, toHold acknowledged: [Int], andNotLessThan seen: [Int]
    ) throws -> [Int] {
        var response = try service.get()
        try eventually {
            if response.status == 503 { response = try service.get() }
            return response.status != 503
        }
        let board = response.text
        let numbers = acknowledged.indices.map { channel -> Int in
            let key = "\"test/\(channel)\":\""
            guard let start = board.firstRange(of: key)?.upperBound else { return 0 }
            return Int(board[start...].prefix { $0.isNumber }) ?? 0
        }
        for channel in numbers.indices {
            #expect(
                numbers[channel] >= acknowledged[channel], "an acknowledged PUT to channel \(channel) is lost"
            )
            #expect(numbers[channel] >= seen[channel], "channel \(channel) went backwards")
        }
        return numbers
    }
}
