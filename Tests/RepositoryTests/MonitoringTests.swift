import Testing

/// The metrics that the documents and the alerts name, held against those that the service has.
@Suite struct MonitoringTests {
    private static func metrics() throws -> Set<Substring> {
        let service = try FreshService()
        // The first answer is counted in the second.
        _ = try service.run("curl http://127.0.0.1:8000/metrics")
        let lines = try service.run("curl http://127.0.0.1:8000/metrics").split(separator: "\n")
        return Set(lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] })
    }

    /// The words that look like metrics.
    private static func names(in text: String) -> Set<Substring> {
        let words = text.split { !$0.isLetter && $0 != "_" }
        return Set(words.filter { $0.hasPrefix("megaphone_") || $0.hasPrefix("process_") })
    }

    @Test func document_listsEveryMetric_andNoOther() throws {
        #expect(Self.names(in: try SourceTree.text(of: "Deploy/README.md")) == (try Self.metrics()))
    }

    @Test func alerts_askForMetricsThatAreThere() throws {
        let names = Self.names(in: try SourceTree.text(of: "Deploy/alerts.yml"))
        #expect(names.count > 3)
        #expect(names.isSubset(of: try Self.metrics()))
    }

    @Test(.enabled(if: Shell.has("promtool"), "promtool is not installed"))
    func alerts_areAcceptedByPrometheus() throws {
        let result = try Shell.run("promtool check rules Deploy/alerts.yml")
        #expect(result.exitCode == 0, "\(result.output)")
    }
}
