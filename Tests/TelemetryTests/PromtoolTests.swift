import Glibc
import Telemetry
import Testing
import Time

/// promtool is part of Debian's package `prometheus`.
private let hasPromtool = unsafe system("command -v promtool >/dev/null") == 0

@Suite(.enabled(if: hasPromtool, "promtool is not installed"))
struct PromtoolTests {
    /// Returns whether `promtool check metrics` accepts a text. Lint findings count as errors.
    private func isAccepted(_ text: [UInt8]) throws -> Bool {
        guard let pipe = unsafe popen("promtool check metrics >/dev/null 2>&1", "w") else {
            throw Failure(code: errno)
        }
        let written = unsafe text.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, pipe) }
        let status = unsafe pclose(pipe)
        try #require(written == text.count)
        return status == 0
    }

    private struct Failure: Error {
        let code: Int32
    }

    @Test func metrics_areAccepted() throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry, clock: .system)
        let requests = registry.counter(
            "megaphone_requests_total", help: "Requests.", labels: ["route": "a\"b\\c\nd", "status": "200"])
        requests.increment()
        registry.gauge("megaphone_connections", help: "Open connections.", read: { 2 })
        registry.counter("megaphone_lines_total", help: "Lines.", read: { 2 })
        registry.gauge("megaphone_age_seconds", help: "Not \\ known\n \"yet\".", read: { .infinity })
        registry.histogram("megaphone_request_duration_seconds", help: "Durations.").record(.milliseconds(3))
        let text = registry.prometheusText()
        #expect(try isAccepted(text), "\(String(decoding: text, as: UTF8.self))")
    }

    @Test(arguments: ["# TYPE a gauge\na{b=\"c} 1\n", "# HELP a A.\n# TYPE a counter\na 1\n"])
    func canary_aMalformedText_isRejected(text: String) throws {
        #expect(try !isAccepted(Array(text.utf8)))
    }
}
