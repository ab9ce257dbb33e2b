import Glibc
import Logging
import Telemetry
import TestSupport
import Testing
import Time

struct LogOutputTests {
    /// Fills the pipe and the buffer. Returns the number of lines that were logged, including dropped ones.
    private func overfill(_ log: LogFixture) -> Int {
        log.pipe.fill()
        let logger = log.output.logger("l")
        var count = 0
        while log.output.droppedLines < 100 {
            logger.info("\(count)")
            count += 1
        }
        return count
    }

    @Test(.timeLimit(.minutes(1)))
    func blockedOutput_blocksNoCaller_andDropsAreCounted() throws {
        let log = try LogFixture(capacity: 10_000)
        // Without a reader, lines that do not fit into the pipe and the buffer are dropped.
        let written = overfill(log)
        let dropped = log.output.droppedLines
        let lines = log.pipe.readLines(written - dropped + 1)
        #expect(lines.count == written - dropped + 1)
        // The report follows the lines that were being written, and precedes the rest of the buffer.
        let reports = try lines.filter { $0.contains("dropped") }.map { try JSON($0.utf8) }
        try #require(reports.count == 1)
        #expect(reports[0]["Fields"]?["dropped"] == .string("\(dropped)"))
        #expect(reports[0]["Severity"] == .number(4))
        log.output.logger("l").info("after")
        #expect(try log.json()["Fields"]?["msg"] == .string("after"))
        #expect(log.output.droppedLines == dropped)
        log.output.close()
        #expect(log.pipe.read(waitingMilliseconds: 0).isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func close_writesBufferedLines() throws {
        let log = try LogFixture()
        let logger = log.output.logger("l")
        for number in 0..<100 { logger.info("\(number)") }
        log.output.close()
        log.output.close()
        #expect(log.pipe.readLines(100).count == 100)
        logger.info("late")
        #expect(log.output.droppedLines == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func close_returns_whenTheOutputIsBlocked() throws {
        let log = try LogFixture(capacity: 10_000)
        _ = overfill(log)
        let start = Instant.now
        log.output.close()
        #expect((Duration.milliseconds(900)...Duration.seconds(20)).contains(Instant.now - start))
        // The writer is still blocked. Drain the pipe, so that its thread ends before the pipe is closed.
        while !log.pipe.read(waitingMilliseconds: 500).isEmpty {}
    }

    @Test(.timeLimit(.minutes(1)))
    func outputWithoutReader_dropsAndCountsLines() throws {
        let log = try LogFixture()
        log.pipe.closeReadEnd()
        let logger = log.output.logger("l")
        logger.info("lost")
        try eventually { log.output.droppedLines == 1 }
        logger.info("lost too")
        log.output.close(within: .seconds(30))
        #expect(log.output.droppedLines == 2)
    }

    @Test(.timeLimit(.minutes(1)))
    func nonBlockingOutput_losesNoLine() throws {
        let log = try LogFixture()
        _ = fcntl(log.pipe.writeEnd, F_SETFL, O_NONBLOCK)
        let logger = log.output.logger("l")
        // 200 lines of more than 1,000 bytes exceed the 64 KiB of a pipe.
        let text = String(repeating: "x", count: 1000)
        for _ in 0..<200 { logger.info("\(text)") }
        #expect(log.pipe.readLines(200).count == 200)
        #expect(log.output.droppedLines == 0)
        log.output.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func longLine_isWrittenCompletely() throws {
        let log = try LogFixture(capacity: 1000)
        // More than a pipe holds. One value would be cut.
        let text = String(repeating: "x", count: 4096)
        let keys = (0..<256).map { "key\($0)" }
        var logger = log.output.logger("l")
        for key in keys { logger[metadataKey: key] = "\(text)" }
        logger.info("long")
        let fields = try log.json()["Fields"]
        #expect(keys.allSatisfy { fields?[$0] == .string(text) })
        log.output.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func linesOfManyCallers_areNotMixed_andKeepTheirOrder() async throws {
        let log = try LogFixture()
        let output = log.output
        await withTaskGroup { group in
            for caller in 0..<4 {
                group.addTask {
                    let logger = output.logger("caller")
                    for number in 0..<1000 { logger.info("\(caller)-\(number)") }
                }
            }
        }
        // All lines fit into the buffer, so they can be read afterwards.
        let messages = try log.pipe.readLines(4000).map { try JSON($0.utf8)["Fields"]?["msg"]?.string }
        #expect(Set(messages).count == 4000)
        for caller in 0..<4 {
            let own = messages.compactMap { $0 }.filter { $0.hasPrefix("\(caller)-") }
            #expect(own == (0..<1000).map { "\(caller)-\($0)" })
        }
        #expect(output.droppedLines == 0)
        output.close()
    }
}
