import Telemetry
import Testing

struct MetricsTests {
    private func text(_ registry: MetricsRegistry) -> String {
        String(decoding: registry.prometheusText(), as: UTF8.self)
    }

    @Test func text_hasFamiliesInOrder_withHelpAndTypeOnce() {
        let registry = MetricsRegistry()
        registry.counter("b_total", help: "Second.", labels: ["route": "y"]).increment()
        for _ in 0..<41 { registry.counter("b_total", help: "Second.", labels: ["route": "x"]).increment() }
        registry.counter("c_total", help: "Third.", read: { 7 })
        registry.gauge("a", help: "First.", read: { 0.5 })
        #expect(
            text(registry) == """
                # HELP a First.
                # TYPE a gauge
                a 0.5
                # HELP b_total Second.
                # TYPE b_total counter
                b_total{route="x"} 41
                b_total{route="y"} 1
                # HELP c_total Third.
                # TYPE c_total counter
                c_total 7

                """)
    }

    @Test func histogram_isCumulative_withInclusiveBounds() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("t_seconds", help: "T.", labels: ["k": "v"])
        for duration in [
            Duration.zero, .microseconds(100), .nanoseconds(100_001), .microseconds(250), .microseconds(500),
            .nanoseconds(500_001), .milliseconds(10), .seconds(10), .seconds(11),
        ] {
            histogram.record(duration)
        }
        let lines = text(registry).split(separator: "\n").dropFirst(2)
        #expect(
            Array(lines) == [
                #"t_seconds_bucket{k="v",le="0.0001"} 2"#, #"t_seconds_bucket{k="v",le="0.00025"} 4"#,
                #"t_seconds_bucket{k="v",le="0.0005"} 5"#, #"t_seconds_bucket{k="v",le="0.001"} 6"#,
                #"t_seconds_bucket{k="v",le="0.0025"} 6"#, #"t_seconds_bucket{k="v",le="0.005"} 6"#,
                #"t_seconds_bucket{k="v",le="0.01"} 7"#, #"t_seconds_bucket{k="v",le="0.025"} 7"#,
                #"t_seconds_bucket{k="v",le="0.05"} 7"#, #"t_seconds_bucket{k="v",le="0.1"} 7"#,
                #"t_seconds_bucket{k="v",le="0.25"} 7"#, #"t_seconds_bucket{k="v",le="0.5"} 7"#,
                #"t_seconds_bucket{k="v",le="1"} 7"#, #"t_seconds_bucket{k="v",le="2.5"} 7"#,
                #"t_seconds_bucket{k="v",le="5"} 7"#, #"t_seconds_bucket{k="v",le="10"} 8"#,
                #"t_seconds_bucket{k="v",le="+Inf"} 9"#, #"t_seconds_sum{k="v"} 21.011450002"#,
                #"t_seconds_count{k="v"} 9"#,
            ])
    }

    /// If 10,000 requests wait at any time, their durations add up to 2⁶⁴ ns in three weeks.
    @Test func sumOfAHistogram_doesNotOverflow() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("t_seconds", help: "T.")
        for _ in 0..<5 { histogram.record(.seconds(9_000_000_000)) }
        #expect(text(registry).contains("t_seconds_sum 45000000000\n"))
    }

    @Test func gauge_mayHaveLabels() {
        let registry = MetricsRegistry()
        registry.gauge("a", help: "A.", labels: ["k": "1"], read: { 1 })
        registry.gauge("a", help: "A.", labels: ["k": "2"], read: { 2 })
        #expect(text(registry).hasSuffix("\na{k=\"1\"} 1\na{k=\"2\"} 2\n"))
    }

    @Test func sameNameAndLabels_giveTheSameObject() {
        let registry = MetricsRegistry()
        let first = registry.counter("a_total", help: "A.", labels: ["x": "1", "y": "2"])
        #expect(registry.counter("a_total", help: "A.", labels: ["y": "2", "x": "1"]) === first)
        #expect(registry.counter("a_total", help: "A.", labels: ["x": "1"]) !== first)
        let histogram = registry.histogram("b_seconds", help: "B.")
        #expect(registry.histogram("b_seconds", help: "B.") === histogram)
    }

    @Test func nameWithTwoTypes_endsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.counter("a_total", help: "A.")
            registry.gauge("a_total", help: "A.", read: { 0 })
        }
    }

    @Test func labelsAndHelp_areEscaped() {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "One\nline \\ \"two\"", labels: ["k": "\"\\\n"]).increment()
        #expect(
            text(registry) == """
                # HELP a_total One\\nline \\\\ "two"
                # TYPE a_total counter
                a_total{k="\\"\\\\\\n"} 1

                """)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.25, "-0.25"), (1e9, "1000000000"), (.nan, "NaN"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (1_775_044_800.12, "1775044800.12"), (1e300, "1e+300"),
    ])
    func sampledValue_hasTheFormatOfPrometheus(value: Double, expected: String) {
        let registry = MetricsRegistry()
        registry.gauge("a", help: "A.", read: { value })
        #expect(text(registry).hasSuffix("\na \(expected)\n"))
    }

    @Test func countsOfManyTasks_areComplete() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "A.")
        let histogram = registry.histogram("c_seconds", help: "C.")
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        histogram.record(.milliseconds(1))
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(text(registry).contains("c_seconds_sum 8\nc_seconds_count 8000\n"))
    }

    @Test func sampledGauge_mayUseTheRegistry() {
        let registry = MetricsRegistry()
        registry.gauge(
            "a", help: "A.",
            read: { [registry] in
                Double(registry.counter("b_total", help: "B.").value)
            })
        #expect(text(registry).contains("a 0\n"))
    }
}
