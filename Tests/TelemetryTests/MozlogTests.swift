import Logging
import Telemetry
import TestSupport
import Testing
import Time

struct MozlogTests {
    @Test func summary_hasEveryFieldOfMozlog() throws {
        let log = try LogFixture()
        let before = Clock.system.wallTime
        log.output.write(.example)
        let json = try log.json()
        let timestamp = try #require(json["Timestamp"]?.number)
        let after = Clock.system.wallTime
        #expect((Double(before.nanoseconds)...Double(after.nanoseconds)).contains(timestamp))
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

    @Test func summary_hasAllFields_whenTheyAreUnknown() throws {
        let log = try LogFixture()
        log.output.write(
            RequestSummary(
                method: "GET", path: "/", code: 404, duration: .zero, requestID: "", remoteAddressChain: []))
        guard case .object(let fields) = try log.json()["Fields"] else {
            Issue.record("the line has no Fields")
            return
        }
        #expect(fields.count == 11)
        #expect(fields["uid"] == .string(""))
        #expect(fields["remoteAddressChain"] == .array([]))
        log.output.close()
    }

    @Test(arguments: [
        (Duration.microseconds(499), 0.0), (.microseconds(500), 1), (.milliseconds(2), 2),
        (.seconds(90), 90_000),
    ])
    func duration_isInWholeMilliseconds(duration: Duration, milliseconds: Double) throws {
        let log = try LogFixture()
        var summary = RequestSummary.example
        summary.duration = duration
        log.output.write(summary)
        #expect(try log.json()["Fields"]?["t"]?.number == milliseconds)
        log.output.close()
    }

    @Test func hostileText_roundTrips_inOneLineOfASCII() throws {
        let log = try LogFixture()
        let logger = log.output.logger("megaphone.test")
        for text in hostileTexts {
            log.output.write(
                RequestSummary(
                    agent: text, language: text, method: text, path: text, code: 200, duration: .zero,
                    userID: text, requestID: text, remoteAddressChain: [text, text], message: text))
            logger.info("\(text)", metadata: ["key": "\(text)", "\(text)-": "x"])
            let lines = log.pipe.readLines(2)
            try #require(lines.count == 2)
            let summary = try #require(try JSON(lines[0].utf8)["Fields"])
            for name in ["agent", "lang", "method", "path", "uid", "rid", "msg"] {
                #expect(summary[name] == .string(text))
            }
            #expect(summary["remoteAddressChain"] == .array([.string(text), .string(text)]))
            let fields = try #require(try JSON(lines[1].utf8)["Fields"])
            #expect(
                fields == .object(["msg": .string(text), "key": .string(text), "\(text)-": .string("x")]))
            #expect(lines.allSatisfy { $0.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
        }
        log.output.close()
    }

    @Test func scalarsAtThePlaneBorders_roundTrip() throws {
        let log = try LogFixture()
        let logger = log.output.logger("megaphone.test")
        // The start of plane 0, the neighbors of the surrogates, the border of planes 0 and 1, the end of
        // plane 16.
        for scalars in [0...0x3000, 0xD700...0xE100, 0xFF00...0x1_0100, 0x10_FF00...0x10_FFFF]
            as [ClosedRange<UInt32>]
        {
            // A longer text would be cut.
            for start in stride(from: scalars.lowerBound, through: scalars.upperBound, by: 128) {
                let part = start...min(start + 127, scalars.upperBound)
                let text = String(String.UnicodeScalarView(part.compactMap(Unicode.Scalar.init)))
                logger.info("\(text)")
                let line = try log.line()
                #expect(line.utf8.allSatisfy { (0x20...0x7E).contains($0) })
                #expect(try JSON(line.utf8)["Fields"]?["msg"] == .string(text))
            }
        }
        log.output.close()
    }

    @Test func message_carriesLabelSeverityAndMetadata() throws {
        let log = try LogFixture()
        var logger = log.output.logger("megaphone.store")
        logger[metadataKey: "pool"] = "2"
        logger.error("Lost a connection", metadata: ["attempt": "\(3)", "nested": ["a": ["b", "c"]]])
        let json = try log.json()
        #expect(json["Type"] == .string("megaphone.store"))
        #expect(json["Severity"] == .number(3))
        #expect(
            json["Fields"]
                == .object([
                    "msg": .string("Lost a connection"), "pool": .string("2"), "attempt": .string("3"),
                    "nested": .string(#"["a": ["b", "c"]]"#),
                ]))
        log.output.close()
    }

    @Test func error_becomesAField() throws {
        struct Broken: Error, CustomStringConvertible {
            let description = "broken \"pipe\""
        }
        let log = try LogFixture()
        log.output.logger("l").error("Failed", error: Broken())
        #expect(try log.json()["Fields"]?["error"] == .string("broken \"pipe\""))
        log.output.close()
    }
}
