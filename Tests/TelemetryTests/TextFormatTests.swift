import Testing
import Time

@testable import Telemetry

struct TextFormatTests {
    private func line(_ write: (inout [UInt8]) -> Void) -> String {
        var line: [UInt8] = []
        write(&line)
        return String(decoding: line, as: UTF8.self)
    }

    @Test func summary_isReadable() {
        var summary = RequestSummary.example
        summary.agent = "curl/8.0 (x)"
        summary.severity = .warning
        summary.errno = 121
        let text = line {
            TextFormat().append(summary, at: UnixTime(nanoseconds: 1_775_044_800_123_456_789), to: &$0)
        }
        #expect(
            text == """
                2026-04-01T12:00:00.123Z WARNING   PUT /v1/broadcasts/test/a 201 12.6 ms errno=121 uid=test rid=abc \
                from=192.0.2.1,::1 agent="curl/8.0 (x)" lang=en

                """)
    }

    @Test func message_keepsItsQuotes() {
        let message = LogMessage(
            label: "l", severity: .informational, text: #"Set reader_auth = { a = ["b"] }"#,
            metadata: [(name: "empty", value: ""), (name: "path", value: "/x")])
        #expect(
            line { TextFormat().append(message, at: UnixTime(nanoseconds: 0), to: &$0) }
                == "1970-01-01T00:00:00.000Z INFO      Set reader_auth = { a = [\"b\"] } empty=\"\" path=/x\n"
        )
    }

    @Test(arguments: hostileTexts)
    func hostileText_staysInOneLineOfASCII(text: String) {
        let summary = RequestSummary(
            agent: text, language: text, method: text, path: text, code: 200, duration: .zero, userID: text,
            requestID: text, remoteAddressChain: [text], message: text)
        let message = LogMessage(
            label: text, severity: .error, text: text, metadata: [(name: text, value: text)])
        for text in [
            line { TextFormat().append(summary, at: UnixTime(nanoseconds: 0), to: &$0) },
            line { TextFormat().append(message, at: UnixTime(nanoseconds: 0), to: &$0) },
        ] {
            #expect(text.last == "\n")
            #expect(text.dropLast().utf8.allSatisfy { (0x20...0x7E).contains($0) })
        }
    }

    @Test(arguments: [
        (Duration.zero, "0"), (.microseconds(1), "0.001"), (.microseconds(417), "0.417"),
        (.milliseconds(12), "12"), (.microseconds(1500), "1.5"), (.nanoseconds(999), "0"),
        (.seconds(3), "3000"),
        (.seconds(-1), "0"),
    ])
    func milliseconds_haveNoTrailingZeros(duration: Duration, text: String) {
        #expect(line { $0.appendMilliseconds(duration) } == text)
    }
}
