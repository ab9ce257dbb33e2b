import Access
package import Broadcasts
package import HTTP
import HTTPTypes
import Logging
package import Randomness
import StatusPage
import Synchronization
package import Telemetry
package import Time

/// Handles requests: finds the route, calls its handler, logs and counts the response.
///
/// One object is shared by all loops. `APILoop` uses it to serve one loop.
package final class API: Sendable {
    let feed: BoardFeed
    let health: StoreHealth
    let configuration: Configuration
    /// The `WWW-Authenticate` value without an error (RFC 6750 section 3).
    let challenge: String
    private let currentRules: Mutex<Rules>
    private let isLeaving = Atomic(false)
    /// The response fields of the board that was served last.
    let boardFields = Mutex<ContentFields?>(nil)
    let listeners: ListenerCount
    let statusPage = StatusPage.response()
    /// The inboxes of all loops.
    private let inboxes = Mutex<[LoopInbox]>([])
    let log: LogOutput
    let logger: Logger
    let metrics: APIMetrics
    let clock: Clock
    let random: RandomSource
    let requestIDs: RequestIDs

    package init(
        feed: BoardFeed, health: StoreHealth, configuration: Configuration, log: LogOutput,
        metrics: MetricsRegistry, statsD: StatsDSender? = nil, clock: Clock, random: RandomSource
    ) {
        self.feed = feed
        self.health = health
        self.configuration = configuration
        challenge = "Bearer realm=\(quotedString(configuration.realm))"
        currentRules = Mutex(configuration.rules)
        listeners = ListenerCount(maximumConnections: configuration.maximumConnections)
        self.log = log
        logger = log.logger("megaphone.api")
        self.metrics = APIMetrics(metrics, statsD, feed, listeners, clock)
        self.clock = clock
        self.random = random
        requestIDs = RequestIDs(random)
        metrics.gauges(
            "megaphone_token_expiry_timestamp_seconds",
            help: "When the next token of an ID expires, or when the last one did; Unix time.", label: "id"
        ) { [weak self] in
            guard let self else { return [] }
            return rules.access.nextExpiries(at: clock.wallTime).map { ($0.id, Double($0.time.seconds)) }
        }
        rules.expiries.check(at: clock.wallTime, logger)
    }

    /// The settings that SIGHUP applies.
    var rules: Rules { currentRules.withLock { $0 } }

    /// Replaces the settings that SIGHUP applies. Takes effect for the next request, and ends held requests
    /// that may no longer read.
    package func apply(_ rules: Rules) {
        rules.expiries.check(at: clock.wallTime, logger)
        currentRules.withLock { $0 = rules }
        for inbox in inboxes.withLock({ $0 }) { inbox.rulesChanged() }
    }

    /// Whether `beginShutdown` has been called.
    var isShuttingDown: Bool { isLeaving.load(ordering: .relaxed) }

    /// Makes the load balancer's check fail from now on. Everything else is served as before.
    package func beginShutdown() {
        isLeaving.store(true, ordering: .relaxed)
    }

    /// Number of held requests: waits and streams.
    package var heldRequests: Int { listeners.total }

    /// Counts and logs a response, and adds the fields that belong to its request. `fields` is called only if
    /// the line is logged.
    func finish(
        _ response: inout LoggedResponse, _ context: RequestContext, at now: Instant, wasHeld: Bool = false,
        fields: () -> LoggedFields?
    ) {
        record(response, context, at: now, wasHeld: wasHeld, fields: fields)
        addFields(of: context, to: &response.response)
    }

    /// Counts and logs a response. The time of one that was held is not recorded in the histogram.
    func record(
        _ response: LoggedResponse, _ context: RequestContext, at now: Instant, wasHeld: Bool,
        fields: () -> LoggedFields?
    ) {
        let status = response.response.status
        let duration = context.receivedAt.duration(to: now)
        metrics.record(
            context.route?.name ?? .unmatched, context.method, status: status.code,
            duration: wasHeld ? nil : duration)
        let severity = context.severity(of: status)
        if log.isEnabled(severity), let fields = fields() {
            log.write(RequestSummary(context, fields, response, severity: severity, duration: duration))
        }
    }

    /// Adds the request's ID, and the fields for browsers of other origins.
    func addFields(of context: RequestContext, to response: inout Response) {
        response.ownField = Response.Field(.xRequestID, context.requestID)
        if let lines = context.crossOriginFields { response.fields.append(lines) }
    }
}

extension API: Responder {
    /// Creates the part that serves one loop.
    package func makeLoopResponder(_ mailbox: any Mailbox) -> sending any LoopResponder {
        let inbox = LoopInbox(mailbox)
        inboxes.withLock { $0.append(inbox) }
        return APILoop(self, inbox)
    }
}

/// Returns a text as a quoted-string (RFC 9110 section 5.6.4).
private func quotedString(_ text: String) -> String {
    let escaped = text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }
    return "\"\(escaped.joined())\""
}
