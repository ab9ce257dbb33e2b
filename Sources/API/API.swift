package import Access
package import Broadcasts
package import HTTP
import HTTPTypes
import Logging
package import Randomness
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
    let access: Mutex<AccessTable>
    /// The response fields of the board that was served last.
    let boardFields = Mutex<BoardFields?>(nil)
    let log: LogOutput
    let logger: Logger
    let metrics: APIMetrics
    /// The setting `max_channels`.
    let maximumChannels: Atomic<Int>
    let clock: Clock
    let requestIDs: RequestIDs

    package init(
        feed: BoardFeed, health: StoreHealth, configuration: Configuration, log: LogOutput,
        metrics: MetricsRegistry, statsD: StatsDSender? = nil, clock: Clock, random: RandomSource
    ) {
        self.feed = feed
        self.health = health
        self.configuration = configuration
        challenge = "Bearer realm=\(quotedString(configuration.realm))"
        access = Mutex(configuration.access)
        maximumChannels = Atomic(configuration.maximumChannels)
        self.log = log
        logger = log.logger("megaphone.api")
        self.metrics = APIMetrics(metrics, statsD, feed, clock)
        self.clock = clock
        requestIDs = RequestIDs(random)
    }

    /// Replaces the tokens. Takes effect for the next request.
    package func replaceAccess(_ table: AccessTable) {
        access.withLock { $0 = table }
    }

    /// Sets the limit `max_channels`. Takes effect for the next PUT.
    package func setMaximumChannels(_ count: Int) {
        maximumChannels.store(count, ordering: .relaxed)
    }

    /// Counts and logs a response, and adds the request's ID to it. `fields` is called only if the line is
    /// logged.
    func finish(
        _ response: inout LoggedResponse, _ context: RequestContext, at now: Instant,
        fields: () -> LoggedFields?
    ) {
        let status = response.response.status
        let duration = context.receivedAt.duration(to: now)
        metrics.record(
            context.route?.name ?? .unmatched, context.method, status: status.code, duration: duration)
        let severity = context.severity(of: status)
        if log.isEnabled(severity), let fields = fields() {
            log.write(RequestSummary(context, fields, response, severity: severity, duration: duration))
        }
        response.response.ownField = Response.Field(.xRequestID, context.requestID)
    }
}

extension API: Responder {
    /// Creates the part that serves one loop.
    package func makeLoopResponder(_ mailbox: any Mailbox) -> sending any LoopResponder {
        APILoop(self, mailbox)
    }
}

/// Returns a text as a quoted-string (RFC 9110 section 5.6.4).
private func quotedString(_ text: String) -> String {
    let escaped = text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }
    return "\"\(escaped.joined())\""
}
