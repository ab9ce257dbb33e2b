import TestSupport
import Testing

/// Checks the metrics named in the documents and the alerts against those of the service.
@Suite struct MonitoringTests {
    private static func metrics() throws -> Set<Substring> {
        let service = try FreshService()
        // The first response is counted in the second.
        _ = try service.run("curl http://127.0.0.1:8000/metrics")
        let lines = try service.run("curl http://127.0.0.1:8000/metrics").split(separator: "\n")
        return Set(lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] })
    }

    /// The tables of the service, whose names begin like those of metrics.
    private static let tables: Set<Substring> = ["megaphone_history", "megaphone_migrations"]
    /// What is left of the name of the Debian package, whose version follows.
    private static let package: Set<Substring> = ["megaphone_"]

    /// Returns the words that begin like the name of a metric.
    private static func names(in text: String) -> Set<Substring> {
        let words = text.split { !$0.isLetter && $0 != "_" }
        return Set(words.filter { $0.hasPrefix("megaphone_") || $0.hasPrefix("process_") })
            .subtracting(tables).subtracting(package)
    }

    @Test func document_listsEveryMetric_andNoOther() throws {
        #expect(Self.names(in: try SourceTree.text(of: "Deploy/README.md")) == (try Self.metrics()))
    }

    @Test func alerts_useExistingMetrics() throws {
        let names = Self.names(in: try SourceTree.text(of: "Deploy/alerts.yml"))
        #expect(names.count > 3)
        #expect(names.isSubset(of: try Self.metrics()))
    }

    /// Returns what is wrong with the rules: a window shorter than four scrapes at Prometheus' default
    /// interval of one minute (and one more, because samples do not lie on the minute), or a page at the
    /// first event.
    private static func findings(in rules: String) -> [String] {
        rules.split(separator: "- alert: ").dropFirst().flatMap { rule -> [String] in
            let name = rule.prefix { $0 != "\n" }
            let windows = rule.split(separator: "[").dropFirst().map { $0.prefix { $0 != "]" } }
            let short = windows.filter { window in
                guard window.last == "m", let minutes = Int(window.dropLast()) else { return true }
                return minutes < 5
            }
            let isPage = rule.contains("severity: page")
            let isFirstEvent = rule.split(separator: "\n").contains { $0.hasSuffix("> 0") }
            return short.map { "\(name): window \($0)" } + (isPage && isFirstEvent ? ["\(name): > 0"] : [])
        }
    }

    @Test("Fault 9: the windows of alerts.yml span four scrapes, and pages need a share, not > 0")
    func alerts_spanFourScrapes() throws {
        #expect(Self.findings(in: try SourceTree.text(of: "Deploy/alerts.yml")).isEmpty)
    }

    @Test func canary_aShortWindowAndAPageAtTheFirstEvent_areFound() {
        let rules = """
              - alert: A
                expr: rate(x[2m]) > 0
                labels: {severity: page}
              - alert: B
                expr: increase(x[5m]) > 0
                labels: {severity: ticket}
            """
        #expect(Self.findings(in: rules) == ["A: window 2m", "A: > 0"])
    }

    @Test(.enabled(if: Shell.has("promtool"), "promtool is not installed"))
    func alerts_areAcceptedByPrometheus() throws {
        let result = try Shell.run("promtool check rules Deploy/alerts.yml")
        #expect(result.exitCode == 0, "\(result.output)")
    }

    @Test(.enabled(if: Shell.has("promtool"), "promtool is not installed"))
    func alerts_passTheirTests() throws {
        let result = try Shell.run("promtool test rules Tests/alerts.test.yml")
        #expect(result.exitCode == 0, "\(result.output)")
    }

    /// The tests of the alerts must fail for a rule with another threshold.
    @Test(
        .enabled(if: Shell.has("promtool"), "promtool is not installed"),
        arguments: ["0.8", "0.05", "0.1"])
    func canary_anotherThreshold_failsTheTests(threshold: String) throws {
        let directory = try TemporaryDirectory()
        let result = try Shell.run(
            """
            mkdir \(directory.path)/Deploy \(directory.path)/Tests
            sed 's/> \(threshold)$/> 1.01/' Deploy/alerts.yml > \(directory.path)/Deploy/alerts.yml
            cp Tests/alerts.test.yml \(directory.path)/Tests
            promtool test rules \(directory.path)/Tests/alerts.test.yml
            """)
        #expect(result.exitCode == 1, "\(result.output)")
    }
}
