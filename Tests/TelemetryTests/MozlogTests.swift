import Glibc
import Logging
import Telemetry
import Testing

/// A log output that writes into a pipe.
struct LogFixture {
    let pipe: Pipe
    let output: LogOutput

    init(json: Bool = true, level: Logger.Level = .trace) throws {
        pipe = try Pipe()
        output = LogOutput(
            LogOutput.Configuration(
                json: json, level: level, loggerName: "megaphone-1.2.3", hostname: "host", processID: 42),
            descriptor: pipe.writeEnd)
    }

    func line() throws -> String {
        try #require(pipe.readLines(1).first)
    }
}

extension RequestSummary {
    static let example = RequestSummary(
        agent: "curl/8.0", language: "en", errno: 0, method: "PUT", path: "/v1/broadcasts/test/a", code: 201,
        duration: .microseconds(12_600), userID: "test", requestID: "abc",
        remoteAddressChain: ["192.0.2.1", "::1"], message: nil, severity: .informational)
}

struct MozlogTests {
    @Test func summary_hasEveryFieldOfMozlog() throws {
        let log = try LogFixture()
        let before = time(nil)
        log.output.write(.example)
        let json = try JSON(log.line().utf8)
        let timestamp = try #require(json["Timestamp"]?.number)
        #expect((Double(before) * 1e9...Double(time(nil) + 1) * 1e9).contains(timestamp))
        #expect(json["Type"] == .string("request.summary"))
        #expect(json["Logger"] == .string("megaphone-1.2.3"))
        #expect(json["Hostname"] == .string("host"))
        #expect(json["EnvVersion"] == .string("2.0"))
        #expect(json["Severity"] == .number(6))
        #expect(json["Pid"] == .number(42))
        #expect(
            json["Fields"]
                == .object([
                    "agent": .string("curl/8.0"), "errno": .number(0), "lang": .string("en"),
                    "method": .string("PUT"), "path": .string("/v1/broadcasts/test/a"), "code": .number(201),
                    "t": .number(13), "uid": .string("test"), "rid": .string("abc"),
                    "remoteAddressChain": .array([.string("192.0.2.1"), .string("::1")]), "msg": .string(""),
                ]))
        log.output.close()
    }
}
