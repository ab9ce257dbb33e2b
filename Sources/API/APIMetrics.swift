import Broadcasts
import HTTPTypes
import Synchronization
import Telemetry
import Time

/// What the API counts, for Prometheus and, where it is configured, for StatsD.
final class APIMetrics: Sendable {
    private let registry: MetricsRegistry
    private let statsD: StatsDSender?
    private let clock: Clock
    /// In the order of `Route.Name`.
    private let routes: [RouteMetrics]

    init(_ registry: MetricsRegistry, _ statsD: StatsDSender?, _ boards: BoardReader, _ clock: Clock) {
        self.clock = clock
        self.registry = registry
        self.statsD = statsD
        routes = Route.Name.allCases.map { RouteMetrics("\($0)", registry) }
        registry.gauge(
            "megaphone_last_good_read_age_seconds",
            help: "Since the last read of the store that succeeded. NaN before the first."
        ) {
            let age = boards.lastGoodRead?.began.duration(to: clock.now)
            return age.map { $0 / .seconds(1) } ?? .nan
        }
        registry.gauge("megaphone_board_broadcasts", help: "Broadcasts on the board that was read last.") {
            Double(boards.lastGoodRead?.board.rows.count ?? 0)
        }
    }

    /// Counts one answered request.
    func record(_ route: Route.Name, _ method: HTTPRequest.Method?, status: Int, duration: Duration) {
        routes[route.rawValue].record(method, status: status, duration: duration)
    }

    /// Counts one acknowledged PUT.
    func recordUpdate(_ broadcast: Change, since start: Instant) {
        guard let statsD else { return }
        let tags: StatsDSender.Tags = [
            "broadcaster": broadcast.broadcasterID.text, "channel_id": broadcast.channelID.text,
        ]
        statsD.increment("broadcast.cmd.update", tags: tags)
        statsD.timing("broadcast.update", start.duration(to: clock.now), tags: tags)
    }

    /// Counts one board that was served.
    func recordDump(since start: Instant) {
        guard let statsD else { return }
        statsD.increment("broadcast.cmd.dump")
        statsD.timing("broadcast.dump", start.duration(to: clock.now))
    }

    func prometheusText() -> [UInt8] {
        registry.prometheusText()
    }
}

/// The requests of one route.
private final class RouteMetrics: Sendable {
    /// A client may send any token as a method, and each would be a counter of its own, so only these have a
    /// label.
    private static let methods: [HTTPRequest.Method] = [.get, .head, .put]

    private struct Outcome {
        /// The place in `methods`. Its end stands for all others.
        let method: Int
        let status: Int
        let counter: Counter
    }

    private let label: String
    private let registry: MetricsRegistry
    private let durations: Histogram
    /// Made when first needed. A handful for each route, so that looking through them costs less than
    /// hashing.
    private let outcomes = Mutex<[Outcome]>([])

    init(_ label: String, _ registry: MetricsRegistry) {
        self.label = label
        self.registry = registry
        durations = registry.histogram(
            "megaphone_http_request_duration_seconds",
            help: "From the first byte of a request to its answer.",
            labels: ["route": label])
    }

    func record(_ method: HTTPRequest.Method?, status: Int, duration: Duration) {
        durations.record(duration)
        let method = Self.methods.firstIndex { $0 == method } ?? Self.methods.endIndex
        outcomes.withLock { outcomes in
            if let known = outcomes.firstIndex(where: { $0.method == method && $0.status == status }) {
                outcomes[known].counter.increment()
            } else {
                let counter = makeCounter(method, status)
                outcomes.append(Outcome(method: method, status: status, counter: counter))
                counter.increment()
            }
        }
    }

    private func makeCounter(_ method: Int, _ status: Int) -> Counter {
        let methods = Self.methods.map(\.rawValue) + ["other"]
        return registry.counter(
            "megaphone_http_requests_total", help: "Requests answered.",
            labels: ["route": label, "method": methods[method], "status": String(status)])
    }
}
