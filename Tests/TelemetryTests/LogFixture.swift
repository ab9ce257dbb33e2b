import Logging
import Telemetry
import TestSupport
import Testing
import Time

/// A log output that writes into a pipe.
struct LogFixture {
    let pipe: Pipe
    let output: LogOutput

    init(json: Bool = true, level: Logger.Level = .trace, capacity: Int = 1 << 20) throws {
        pipe = try Pipe()
        output = LogOutput(
            LogOutput.Configuration(
                json: json, level: level, loggerName: "megaphone-1.2.3", hostname: "host", processID: 42),
            descriptor: pipe.writeEnd, capacity: capacity, clock: .system)
    }

    func line() throws -> String {
        try #require(pipe.readLines(1).first)
    }

    func json() throws -> JSON {
        try JSON(line().utf8)
    }
}

extension RequestSummary {
    static let example = RequestSummary(
        agent: "curl/8.0", language: "en", errno: 0, method: "PUT", path: "/v1/broadcasts/test/a", code: 201,
        duration: .microseconds(12_600), userID: "test", requestID: "abc",
        remoteAddressChain: ["192.0.2.1", "::1"], message: nil, severity: .informational)
}

/// Texts that could break a log line, a JSON string or a terminal.
let hostileTexts = [
    "", "\"", "\\", "\\\"", "a\nb", "\r\n", "\0", "\u{1B}[2J\u{1B}]0;title\u{7}", "\u{9B}31m", "\u{7F}",
    "\u{85}",
    "\u{2028}\u{2029}", "\u{202E}txt.exe", "ü€😀", "\u{FFFD}", "}}\n{\"Type\":\"x\"}", "%0a", "a b=c",
    String(decoding: [0xFF, 0xFE, 0x80, 0x0A, 0xC0] as [UInt8], as: UTF8.self),
    String(repeating: "\u{1}", count: 20),
]
