package import Broadcasts
import HTTPTypes
package import HTTPWire
import Logging
import Synchronization
package import Telemetry

/// Answers requests: finds the route, lets its handler work, logs and counts what came of it.
package final class API: Sendable {
    let boards: BoardReader
    let configuration: Configuration
    /// The `WWW-Authenticate` value without an error (RFC 6750 section 3).
    let challenge: String
    let access: Mutex<AccessTable>
    let renderedFields = Mutex<BoardFields?>(nil)
    let log: LogOutput
    let logger: Logger
    let metrics: APIMetrics
    let now: @Sendable () -> ContinuousClock.Instant
    private let requestIDs = RequestIDs()

    /// Tests give a clock of their own.
    package init(
        boards: BoardReader, configuration: Configuration, log: LogOutput, metrics: MetricsRegistry,
        statsD: StatsDSender? = nil, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.boards = boards
        self.configuration = configuration
        challenge = "Bearer realm=\(quotedString(configuration.realm))"
        access = Mutex(configuration.access)
        self.log = log
        logger = log.logger("megaphone.api")
        self.metrics = APIMetrics(metrics, statsD, boards)
        self.now = now
    }

    /// Takes effect for the next request.
    package func replaceAccess(_ table: AccessTable) {
        access.withLock { $0 = table }
    }
}

extension API: Responder {
    package func answer(_ request: Request) -> Answer {
        let now = now()
        let segments = PathSegments(of: request)
        let record = RequestRecord(
            route: Route.of(segments), method: request.method, requestID: requestIDs.id(of: request),
            receivedAt: request.receivedAt)
        var context = RequestContext(request: request, segments: segments, now: now, record: record)
        switch handle(&context) {
        case .ready(let reply):
            return .ready(finish(reply, context.record, at: now) { LoggedFields(request) })
        case .deferred(let rest):
            // The request is gone by then. At this point nobody knows how grave the line will be.
            let fields = log.isEnabled(.error) ? LoggedFields(request) : nil
            return .deferred { [self, record = context.record] body in
                let reply = await run(rest, body)
                return finish(reply, record, at: self.now()) { fields }
            }
        }
    }

    package func response(
        to refusal: Refusal, of request: Request?, from remoteAddress: RemoteAddress
    ) -> Response {
        let now = now()
        let record = RequestRecord(
            route: request.flatMap { Route.of(PathSegments(of: $0)) }, method: request?.method,
            requestID: requestIDs.id(of: request), receivedAt: request?.receivedAt ?? now)
        return finish(reply(to: .refused(refusal)), record, at: now) {
            request.map(LoggedFields.init) ?? LoggedFields(remoteAddress)
        }
    }

    private func handle(_ context: inout RequestContext) -> Handling {
        do throws(APIError) {
            guard let route = context.record.route else { throw .notFound }
            guard route.methods.contains(context.request.method) else {
                throw .methodNotAllowed(allowed: route.allowedMethods)
            }
            return try route.handler(self)(&context)
        } catch {
            return .ready(reply(to: error))
        }
    }

    private func run(_ rest: ([UInt8]) async throws(APIError) -> Reply, _ body: [UInt8]) async -> Reply {
        do {
            return try await rest(body)
        } catch {
            return reply(to: error)
        }
    }

    /// Counts and logs an answer, and puts the request's id on it.
    private func finish(
        _ reply: Reply, _ record: RequestRecord, at now: ContinuousClock.Instant,
        fields: () -> LoggedFields?
    ) -> Response {
        let status = reply.response.status
        let duration = record.receivedAt.duration(to: now)
        metrics.record(
            record.route?.name ?? .unmatched, record.method, status: status.code, duration: duration)
        let severity = record.severity(of: status)
        if log.isEnabled(severity), let fields = fields() {
            log.write(RequestSummary(record, fields, reply, severity: severity, duration: duration))
        }
        var response = reply.response
        response.fields.append(.xRequestID, record.requestID)
        return response
    }
}

/// A quoted-string (RFC 9110 section 5.6.4).
private func quotedString(_ text: String) -> String {
    let escaped = text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }
    return "\"\(escaped.joined())\""
}
