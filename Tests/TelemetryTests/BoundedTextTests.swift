import Logging
import Telemetry
import TestSupport
import Testing
import Time

/// One request must not make a long line, whatever its client sends.
struct BoundedTextTests {
    /// Docker cuts lines at 16 KiB.
    private static let maximum = 16 * 1024

    private static let long = [
        String(decoding: [UInt8](repeating: 0xFF, count: 16_000), as: UTF8.self),
        String(repeating: "a", count: 1 << 20), String(repeating: "\"\\", count: 8000),
        String(repeating: "\u{1}", count: 16_000), String(repeating: "😀", count: 4000),
        String(repeating: "e\u{301}\u{327}", count: 4000), String(repeating: "\r\n", count: 8000),
    ]

    private func summary(of text: String) -> RequestSummary {
        RequestSummary(
            agent: text, language: text, errno: 121, method: text, path: text, code: 401,
            duration: .milliseconds(1), userID: text, requestID: text,
            remoteAddressChain: [String](repeating: text, count: 1000) + ["192.0.2.1"], message: text,
            severity: .warning)
    }

    @Test(
        "HTTP 4: one request without a token makes no log line of 96 kB, in both formats",
        arguments: long, [true, false])
    func everyValue_isBounded_andTheCutIsMarked(text: String, json: Bool) throws {
        let log = try LogFixture(json: json)
        log.output.write(summary(of: text))
        let line = try log.line()
        #expect(line.utf8.count < Self.maximum, "\(line.utf8.count)")
        #expect(line.contains("[cut, \(text.utf8.count) bytes]"))
        #expect(line.contains("192.0.2.1"), "the peer is kept")
        guard json else { return log.output.close() }
        let fields = try JSON(line.utf8)["Fields"]
        for name in ["agent", "lang", "method", "path", "uid", "rid", "msg"] {
            guard case .string(let value)? = fields?[name] else {
                Issue.record("\(name) is missing")
                continue
            }
            #expect(value.hasSuffix("[cut, \(text.utf8.count) bytes]"), "\(name)")
            let kept = value.dropLast("[cut, \(text.utf8.count) bytes]".count)
            #expect(text.unicodeScalars.starts(with: kept.unicodeScalars), "\(name)")
        }
        log.output.close()
    }

    @Test("HTTP 4: values of messages are bounded too", arguments: long, [true, false])
    func message_isBounded(text: String, json: Bool) throws {
        let log = try LogFixture(json: json)
        log.output.logger("test").error("\(text)", metadata: ["rid": "\(text)"])
        let line = try log.line()
        #expect(line.utf8.count < Self.maximum)
        #expect(line.contains("[cut, \(text.utf8.count) bytes]"))
        log.output.close()
    }

    @Test func shortValues_areWhole() throws {
        let agent = String(repeating: "Mozilla/5.0 (X11) \u{e4}", count: 40)
        let log = try LogFixture()
        var summary = RequestSummary.example
        summary.agent = agent
        summary.remoteAddressChain = (0..<16).map { "192.0.2.\($0)" }
        log.output.write(summary)
        let fields = try log.json()["Fields"]
        #expect(fields?["agent"] == .string(agent))
        #expect(fields?["remoteAddressChain"] == .array((0..<16).map { .string("192.0.2.\($0)") }))
        log.output.close()
    }

    @Test("Rough edge: lines for the journal begin with their priority", arguments: [true, false])
    func line_beginsWithItsPriority(json: Bool) throws {
        let pipe = try Pipe()
        let output = LogOutput(
            LogOutput.Configuration(
                json: json, loggerName: "megaphone-1", hostname: "host", processID: 1, hasPriorities: true),
            descriptor: pipe.writeEnd, clock: .system)
        output.logger("test").error("a")
        output.logger("test").notice("b")
        output.write(.example)
        let lines = pipe.readLines(3)
        #expect(lines.map { $0.prefix(3) } == ["<3>", "<5>", "<6>"])
        if json { #expect(lines.allSatisfy { $0.dropFirst(3).hasPrefix("{\"Timestamp\":") }) }
        output.close()
    }
}
