import BlockingWork
import Broadcasts
import Telemetry

/// Counts the operations of the store and measures their duration. It does not hold the registry, which holds
/// the store.
struct StoreMetrics: StoreObserver {
    private let operations: [StoreOperation: Counter]
    private let errors: [StoreOperation: Counter]
    private let durations: [StoreOperation: Histogram]
    private let historyFailures: Counter

    init(_ metrics: MetricsRegistry) {
        func each<Metric>(_ make: (StoreOperation) -> Metric) -> [StoreOperation: Metric] {
            Dictionary(uniqueKeysWithValues: StoreOperation.allCases.map { ($0, make($0)) })
        }
        operations = each {
            metrics.counter(
                "megaphone_store_operations_total", help: "Number of store operations.",
                labels: ["operation": $0.rawValue])
        }
        errors = each {
            metrics.counter(
                "megaphone_store_errors_total", help: "Number of store operations that failed.",
                labels: ["operation": $0.rawValue])
        }
        historyFailures = metrics.counter(
            "megaphone_history_failures_total",
            help: "Number of changes that were stored without an entry in the history.")
        durations = each {
            metrics.histogram(
                "megaphone_store_duration_seconds", help: "Duration of store operations.",
                labels: ["operation": $0.rawValue])
        }
    }

    func storeDidFinish(_ operation: StoreOperation, in duration: Duration, succeeded: Bool) {
        operations[operation]?.increment()
        if !succeeded { errors[operation]?.increment() }
        durations[operation]?.record(duration)
    }

    func historyWasNotWritten() { historyFailures.increment() }
}

extension MetricsRegistry {
    /// Registers the gauges of the store's sessions.
    func registerSessions(_ counts: @escaping @Sendable () -> PoolCounts) {
        let states: KeyValuePairs<String, @Sendable (PoolCounts) -> Int> = [
            "busy": { $0.busy }, "idle": { $0.idle }, "opening": { $0.opening },
            "left_behind": { $0.leftBehind },
        ]
        for (state, number) in states {
            gauge(
                "megaphone_store_sessions", help: "Number of sessions with the database.",
                labels: ["state": state]
            ) { Double(number(counts())) }
        }
        gauge(
            "megaphone_store_waiting_calls", help: "Number of calls that wait for a session."
        ) { Double(counts().waiting) }
    }
}
