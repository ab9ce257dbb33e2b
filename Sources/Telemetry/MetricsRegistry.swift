import Synchronization

/// All metrics of the process, and their text for Prometheus.
///
/// Callers keep the metrics that they create, so that counting needs no lookup. The same name and labels give
/// the same object.
package final class MetricsRegistry: Sendable {
    package typealias Labels = KeyValuePairs<String, String>

    private let families = Mutex<[String: MetricFamily]>([:])

    package init() {}

    /// Returns a counter; by Prometheus' rules, its name ends in `_total`.
    package func counter(_ name: String, help: String, labels: Labels = [:]) -> Counter {
        guard case .counter(let counter) = metric(name, help, labels, { .counter(Counter()) }) else {
            preconditionFailure("\(name) is not a counter.")
        }
        return counter
    }

    /// Registers a counter kept elsewhere. `read` is called whenever the metrics are read, and must not
    /// block.
    package func counter(_ name: String, help: String, read: @escaping @Sendable () -> Int) {
        sample(name, help, [:], "counter") { Double(read()) }
    }

    /// Registers a counter of seconds kept elsewhere, which may have fractions.
    package func counter(_ name: String, help: String, seconds: @escaping @Sendable () -> Double) {
        sample(name, help, [:], "counter", seconds)
    }

    /// Registers a gauge. `read` is called whenever the metrics are read, and must not block.
    package func gauge(
        _ name: String, help: String, labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        sample(name, help, labels, "gauge", read)
    }

    /// Registers gauges whose label values change. `read` is called whenever the metrics are read, and must
    /// not block.
    package func gauges(
        _ name: String, help: String, label: String,
        read: @escaping @Sendable () -> [(value: String, gauge: Double)]
    ) {
        let metric = metric(name, help, [:]) {
            .sampledByLabel { read().map { ([label: $0.value], $0.gauge) } }
        }
        guard case .sampledByLabel = metric else { preconditionFailure("\(name) is not of this kind.") }
    }

    private func sample(
        _ name: String, _ help: String, _ labels: Labels, _ type: String,
        _ read: @escaping @Sendable () -> Double
    ) {
        guard case .sampled = metric(name, help, labels, { .sampled(type: type, read) }) else {
            preconditionFailure("\(name) is not a \(type) kept elsewhere.")
        }
    }

    /// Returns a histogram of durations; by Prometheus' rules, its name ends in `_seconds`.
    package func histogram(_ name: String, help: String, labels: Labels = [:]) -> Histogram {
        guard case .histogram(let histogram) = metric(name, help, labels, { .histogram(Histogram()) }) else {
            preconditionFailure("\(name) is not a histogram.")
        }
        return histogram
    }

    /// Returns the text format 0.0.4 (`text/plain; version=0.0.4`), sorted by name and labels.
    package func prometheusText() -> [UInt8] {
        // Values are read outside the lock, so that `read` may use the registry.
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
