import Broadcasts
import HTTPTypes
import Synchronization
import Telemetry
import Time

/// The metrics of the API, for Prometheus and, if configured, for StatsD.
final class APIMetrics: Sendable {
    private let registry: MetricsRegistry
    private let statsD: StatsDSender?
    private let clock: Clock
    private let staleBoards: Counter
    private let streamsOpened: Counter
    /// In the order of `StreamEnd`.
    private let streamsClosed: [Counter]
    private let statesSent: Counter
    private let statesSkipped: Counter
    private let deliveries: Histogram
    private let preconditionsFailed: Counter
    private let putsOutdated: Counter
    private let puts: [PutOutcome: Counter]
    /// In the order of `Route.Name`.
    private let routes: [RouteMetrics]

    init(
        _ registry: MetricsRegistry, _ statsD: StatsDSender?, _ feed: BoardFeed, _ listeners: ListenerCount,
        _ clock: Clock
    ) {
        self.clock = clock
        self.registry = registry
        self.statsD = statsD
        staleBoards = registry.counter(
            "megaphone_stale_boards_total", help: "Number of boards served with an Age.")
        streamsOpened = registry.counter(
            "megaphone_streams_opened_total", help: "Number of event streams that began.")
        streamsClosed = StreamEnd.allCases.map { end in
            registry.counter(
                "megaphone_streams_closed_total", help: "Number of event streams that ended.",
                labels: ["reason": end.rawValue])
        }
        statesSent = registry.counter(
            "megaphone_states_sent_total", help: "Number of states sent on event streams.")
        statesSkipped = registry.counter(
            "megaphone_states_skipped_total",
            help: "Number of states not sent on an event stream because a newer one was there.")
        preconditionsFailed = registry.counter(
            "megaphone_preconditions_failed_total",
            help: "Number of PUTs and DELETEs whose precondition did not hold.")
        putsOutdated = registry.counter(
            "megaphone_puts_outdated_total",
            help: "Number of PUTs of a smaller number that monotonic_channels kept from being stored.")
        puts = Dictionary(
            uniqueKeysWithValues: PutOutcome.allCases.map { outcome in
                let counter = registry.counter(
                    "megaphone_puts_total", help: "Number of acknowledged PUTs.",
                    labels: ["outcome": outcome.rawValue])
                return (outcome, counter)
            })
        registry.gauge(
            "megaphone_broadcasts_held", help: "Number of channels whose latest version is held."
        ) {
            Double(feed.snapshot.lastGoodRead?.board.heldCount ?? 0)
        }
        deliveries = registry.histogram(
            "megaphone_delivery_seconds",
            help: "Time from the end of the read that found a change to its delivery to a held request.")
        for kind in ListenerCount.Kind.allCases {
            registry.gauge(
                "megaphone_listeners", help: "Number of requests that are held.",
                labels: ["kind": kind.rawValue]
            ) { Double(listeners.count(kind)) }
        }
        routes = Route.Name.allCases.map { RouteMetrics("\($0)", registry) }
        registry.gauge(
            "megaphone_last_good_read_age_seconds",
            help: "Seconds since the last successful read of the store; NaN before the first."
        ) {
            let age = feed.snapshot.lastGoodRead?.began.duration(to: clock.now)
            return age.map { $0 / .seconds(1) } ?? .nan
        }
        registry.gauge("megaphone_board_broadcasts", help: "Number of broadcasts on the last board read.") {
            Double(feed.snapshot.lastGoodRead?.board.rows.count ?? 0)
        }
    }

    /// Counts one response. `duration` is the time from the first byte of the request; nil if the request was
    /// held, which says nothing about the service.
    func record(_ route: Route.Name, _ method: HTTPRequest.Method?, status: Int, duration: Duration?) {
        routes[route.rawValue].record(method, status: status, duration: duration)
    }

    /// Counts one acknowledged PUT.
    func recordUpdate(_ change: Change, since start: Instant) {
        guard let statsD else { return }
        let tags: StatsDSender.Tags = [
            "broadcaster": change.channel.broadcasterID.text, "channel_id": change.channel.channelID.text,
        ]
        statsD.increment("broadcast.cmd.update", tags: tags)
        statsD.timing("broadcast.update", start.duration(to: clock.now), tags: tags)
    }

    /// Counts one served board.
    func recordDump(since start: Instant) {
        guard let statsD else { return }
        statsD.increment("broadcast.cmd.dump")
        statsD.timing("broadcast.dump", start.duration(to: clock.now))
    }

    /// Counts one board served with an `Age`.
    func recordStaleBoard() {
        staleBoards.increment()
    }

    /// Counts one acknowledged PUT by what it did.
    func recordPut(_ outcome: ChangeOutcome, isUrgent: Bool) {
        let label: PutOutcome? =
            switch outcome {
            case .created: .created
            case .changed: isUrgent ? .urgent : .changed
            case .announced: .urgent
            case .held: .held
            case .cancelled: .cancelled
            case .unchanged, .stillHeld: .unchanged
            case .outdated: .outdated
            case .deleted, .absent, .preconditionFailed: nil
            }
        if let label { puts[label]?.increment() }
    }

    func preconditionFailed() { preconditionsFailed.increment() }

    func putWasOutdated() { putsOutdated.increment() }

    func streamOpened() { streamsOpened.increment() }

    func streamClosed(_ end: StreamEnd) {
        if let index = StreamEnd.allCases.firstIndex(of: end) { streamsClosed[index].increment() }
    }

    /// Counts states that were sent on event streams.
    func recordStates(_ count: Int) { statesSent.increment(by: count) }

    /// Counts states that were skipped on an event stream.
    func recordSkippedStates(_ count: Int) {
        if count > 0 { statesSkipped.increment(by: count) }
    }

    /// Records deliveries to held requests, and the time since the read that found the change.
    func recordDeliveries(_ count: Int, after duration: Duration) {
        deliveries.record(duration, count: count)
    }

    func prometheusText() -> [UInt8] {
        registry.prometheusText()
    }
}

/// What a PUT did. The raw values are labels.
private enum PutOutcome: String, CaseIterable {
    case created, changed, held, cancelled, unchanged, urgent, outdated
}

/// The metrics of one route.
private final class RouteMetrics: Sendable {
    /// The methods that have a label of their own. All others share one, because a client may send any token
    /// as a method and could create any number of counters.
    private static let methods: [HTTPRequest.Method] = [.get, .head, .put, .delete]

    private struct Outcome {
        /// Index in `methods`; its end index means any other method.
        let method: Int
        let status: Int
        let counter: Counter
    }

    private let label: String
    private let registry: MetricsRegistry
    private let durations: Histogram
    /// Created on first use. A route has only a few, so that a linear search costs less than hashing.
    private let outcomes = Mutex<[Outcome]>([])

    init(_ label: String, _ registry: MetricsRegistry) {
        self.label = label
        self.registry = registry
        durations = registry.histogram(
            "megaphone_http_request_duration_seconds",
            help: "Time from the first byte of a request to its response.",
            labels: ["route": label])
    }

    func record(_ method: HTTPRequest.Method?, status: Int, duration: Duration?) {
        if let duration { durations.record(duration) }
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
            "megaphone_http_requests_total", help: "Number of responses.",
            labels: ["route": label, "method": methods[method], "status": String(status)])
    }
}
