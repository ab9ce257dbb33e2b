import Broadcasts
import HTTPTypes
import Synchronization
import Telemetry

/// What the API counts (API.md section 5), for Prometheus and, where it is configured, for StatsD.
final class APIMetrics: Sendable {
    /// The labels of one counter of requests. All come from fixed sets.
    private struct Labels: Hashable {
        let route: Route.Name
        let method: HTTPRequest.Method
        let status: Int
    }

    private let registry: MetricsRegistry
    private let statsD: StatsDSender?
    private let durations: [Route.Name: Histogram]
    /// Made when first needed: most combinations never occur.
    private let requests = Mutex<[Labels: Counter]>([:])

    init(_ registry: MetricsRegistry, _ statsD: StatsDSender?, _ boards: BoardReader) {
        self.registry = registry
        self.statsD = statsD
        durations = Dictionary(
            uniqueKeysWithValues: Route.Name.allCases.map { route in
                let histogram = registry.histogram(
                    "megaphone_http_request_duration_seconds",
                    help: "From the first byte of a request to its answer.", labels: ["route": route.rawValue]
                )
                return (route, histogram)
            })
        registry.gauge(
            "megaphone_last_good_read_age_seconds",
            help: "Since the last read of the store that succeeded. NaN before the first."
        ) {
            let age = boards.lastGoodRead?.began.duration(to: .now)
            return age.map { $0 / .seconds(1) } ?? .nan
        }
        registry.gauge("megaphone_board_broadcasts", help: "Broadcasts on the board that was read last.") {
            Double(boards.lastGoodRead?.board.rows.count ?? 0)
        }
    }

    /// Counts one answered request.
    func record(_ route: Route.Name, _ method: HTTPRequest.Method?, status: Int, duration: Duration) {
        durations[route]?.record(duration)
        let labels = Labels(route: route, method: Self.known(method), status: status)
        let counter = requests.withLock { requests in
            requests[labels] ?? makeCounter(labels, in: &requests)
        }
        counter.increment()
    }

    /// Counts one acknowledged PUT.
    func recordUpdate(_ broadcast: Broadcast, since start: ContinuousClock.Instant) {
        guard let statsD else { return }
        let tags: StatsDSender.Tags = [
            "broadcaster": broadcast.broadcasterID.text, "channel_id": broadcast.channelID.text,
        ]
        statsD.increment("broadcast.cmd.update", tags: tags)
        statsD.timing("broadcast.update", start.duration(to: .now), tags: tags)
    }

    /// Counts one board that was served.
    func recordDump(since start: ContinuousClock.Instant) {
        guard let statsD else { return }
        statsD.increment("broadcast.cmd.dump")
        statsD.timing("broadcast.dump", start.duration(to: .now))
    }

    func prometheusText() -> [UInt8] {
        registry.prometheusText()
    }

    private func makeCounter(_ labels: Labels, in requests: inout [Labels: Counter]) -> Counter {
        let counter = registry.counter(
            "megaphone_http_requests_total", help: "Requests answered.",
            labels: [
                "route": labels.route.rawValue, "method": labels.method.rawValue,
                "status": String(labels.status),
            ])
        requests[labels] = counter
        return counter
    }

    /// The method as a label. A client may send any token as a method, and each would be a counter of its own.
    private static func known(_ method: HTTPRequest.Method?) -> HTTPRequest.Method {
        guard let method, [.get, .head, .put].contains(method) else { return other }
        return method
    }

    private static let other: HTTPRequest.Method = {
        guard let other = HTTPRequest.Method("other") else { preconditionFailure("This is a token.") }
        return other
    }()
}
