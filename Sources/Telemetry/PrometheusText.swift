/// One metric, of any kind.
enum Metric: Sendable {
    case counter(Counter)
    /// Kept elsewhere and read when the metrics are read. `type` is the word in the TYPE line.
    case sampled(type: String, @Sendable () -> Double)
    /// Gauges kept elsewhere, with their labels.
    case sampledByLabel(@Sendable () -> [(KeyValuePairs<String, String>, Double)])
    case histogram(Histogram)

    /// The word in the TYPE line.
    var type: String {
        switch self {
        case .counter: "counter"
        case .sampled(let type, _): type
        case .sampledByLabel: "gauge"
        case .histogram: "histogram"
        }
    }
}

/// The metrics of one name.
struct MetricFamily: Sendable {
    let type: String
    let help: String
    /// By their rendered labels.
    var metrics: [String: Metric] = [:]

    /// Renders `method="GET",status="200"`, sorted by name, so that the order of the given labels makes no
    /// difference.
    static func render(_ labels: KeyValuePairs<String, String>) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escape($0.value, quotes: true))\"" }
            .joined(separator: ",")
    }

    func append(name: String, to text: inout [UInt8]) {
        text.append(contentsOf: "# HELP \(name) \(Self.escape(help, quotes: false))\n".utf8)
        text.append(contentsOf: "# TYPE \(name) \(type)\n".utf8)
        for (labels, metric) in metrics.sorted(by: { $0.key < $1.key }) {
            switch metric {
            case .counter(let counter): Self.append(name, labels, String(counter.value), to: &text)
            case .sampled(_, let read): Self.append(name, labels, Self.number(read()), to: &text)
            case .sampledByLabel(let read):
                for (labels, value) in read() {
                    Self.append(name, Self.render(labels), Self.number(value), to: &text)
                }
            case .histogram(let histogram): Self.append(name, labels, histogram, to: &text)
            }
        }
    }

    /// Appends a histogram, whose buckets are cumulative in the text. `_count` is computed from them, so that
    /// both agree even while durations are recorded.
    private static func append(
        _ name: String, _ labels: String, _ histogram: Histogram, to text: inout [UInt8]
    ) {
        let prefix = labels.isEmpty ? "" : labels + ","
        let bounds = Histogram.bounds.map(\.seconds) + ["+Inf"]
        var total = 0
        for (bound, count) in zip(bounds, histogram.rangeCounts) {
            total += count
            append(name + "_bucket", prefix + "le=\"\(bound)\"", String(total), to: &text)
        }
        append(name + "_sum", labels, number(histogram.sum), to: &text)
        append(name + "_count", labels, String(total), to: &text)
    }

    private static func append(_ name: String, _ labels: String, _ value: String, to text: inout [UInt8]) {
        text.append(
            contentsOf: (labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n").utf8)
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && value.magnitude < 1e15 ? String(Int(value)) : String(value)
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += #"\\"#
            case "\n": escaped += #"\n"#
            case "\"" where quotes: escaped += #"\""#
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
