import Synchronization

/// All metrics of the process, and their text for Prometheus.
///
/// Metrics are made once, when the program is put together; what counts holds on to the object, and no
/// request looks anything up. Asking twice for the same name and labels gives the same object.
package final class MetricsRegistry: Sendable {
    package typealias Labels = KeyValuePairs<String, String>

    private let families = Mutex<[String: MetricFamily]>([:])

    package init() {}

    /// A counter; its name ends in `_total` by Prometheus' rules.
    package func counter(_ name: String, help: String, labels: Labels = [:]) -> Counter {
        guard case .counter(let counter) = metric(name, help, labels, { .counter(Counter()) }) else {
            preconditionFailure("\(name) is not a counter.")
        }
        return counter
    }

    /// A counter kept elsewhere, which is asked for its value whenever the metrics are read.
    package func counter(_ name: String, help: String, read: @escaping @Sendable () -> Int) {
        sample(name, help, [:], "counter") { Double(read()) }
    }

    /// A gauge whose value is asked for whenever the metrics are read. `read` must not block.
    package func gauge(
        _ name: String, help: String, labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        sample(name, help, labels, "gauge", read)
    }

    private func sample(
        _ name: String, _ help: String, _ labels: Labels, _ type: String,
        _ read: @escaping @Sendable () -> Double
    ) {
        guard case .sampled = metric(name, help, labels, { .sampled(type: type, read) }) else {
            preconditionFailure("\(name) is not a \(type) that is asked for its value.")
        }
    }

    /// A histogram of durations; its name ends in `_seconds` by Prometheus' rules.
    package func histogram(_ name: String, help: String, labels: Labels = [:]) -> Histogram {
        guard case .histogram(let histogram) = metric(name, help, labels, { .histogram(Histogram()) }) else {
            preconditionFailure("\(name) is not a histogram.")
        }
        return histogram
    }

    /// The text format 0.0.4 (`text/plain; version=0.0.4`), sorted by name and labels.
    package func prometheusText() -> [UInt8] {
        // Values are asked for outside the lock, so that whoever asks for a metric itself does no harm.
        let families = families.withLock { $0 }
        var text: [UInt8] = []
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            family.append(name: name, to: &text)
        }
        return text
    }

    private func metric(_ name: String, _ help: String, _ labels: Labels, _ make: () -> Metric) -> Metric {
        let key = MetricFamily.render(labels)
        return families.withLock { families in
            let known = families[name]?.metrics[key]
            let metric = known ?? make()
            let family = families[name, default: MetricFamily(type: metric.type, help: help)]
            precondition(family.type == metric.type, "\(name) is a \(family.type) already.")
            if known == nil {
                families[name] = family
                families[name]?.metrics[key] = metric
            }
            return metric
        }
    }
}
