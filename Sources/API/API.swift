package import Access
package import Broadcasts
package import Bytes
package import HTTP
import HTTPTypes
import Logging
package import Randomness
import Synchronization
package import Telemetry
package import Time

/// Answers requests: finds the route, lets its handler work, logs and counts what came of it.
package final class API: Sendable {
    let boards: BoardReader
    let configuration: Configuration
    /// The `WWW-Authenticate` value without an error (RFC 6750 section 3).
    let challenge: String
    let access: Mutex<AccessTable>
    /// The fields of the board that was served last.
    let boardFields = Mutex<BoardFields?>(nil)
    let log: LogOutput
    let logger: Logger
    let metrics: APIMetrics
    let clock: Clock
    private let requestIDs: RequestIDs

    package init(
        boards: BoardReader, configuration: Configuration, log: LogOutput, metrics: MetricsRegistry,
        statsD: StatsDSender? = nil, clock: Clock, random: RandomSource
    ) {
        self.boards = boards
        self.configuration = configuration
        challenge = "Bearer realm=\(quotedString(configuration.realm))"
        access = Mutex(configuration.access)
        self.log = log
        logger = log.logger("megaphone.api")
        self.metrics = APIMetrics(metrics, statsD, boards, clock)
        self.clock = clock
        requestIDs = RequestIDs(random)
    }

    /// Takes effect for the next request.
    package func replaceAccess(_ table: AccessTable) {
        access.withLock { $0 = table }
    }
}

extension API: Responder {
    package func answer(_ request: Request) -> Answer {
        var context = RequestContext(request, requestID: requestIDs.id(of: request), askedAt: clock.now)
        switch handle(request, &context) {
        case .ready(var reply):
            finish(&reply, context, at: context.askedAt) { LoggedFields(request) }
            return .ready(reply.response)
        case .deferred(let rest):
            let fields = fieldsForLater(request)
            return .deferred { [self, context] body in
                var reply = await run(rest, body)
                finish(&reply, context, at: clock.now) { fields }
                return reply.response
            }
        case .shared(let question):
            return .shared(SharedAnswer(self, question, context, fieldsForLater(request)).join)
        }
    }

    /// What a later log line needs of the request, whose bytes are gone by then. How grave the line will be
    /// is not known yet, but no answer is graver than an error.
    private func fieldsForLater(_ request: Request) -> LoggedFields? {
        log.isEnabled(.error) ? LoggedFields(request) : nil
    }

    package func response(
        to refusal: Refusal, of request: Request?, from remoteAddress: SocketAddress
    ) -> Response {
        var reply = reply(to: .refused(refusal))
        guard let request else {
            let context = RequestContext(requestID: requestIDs.next(), askedAt: clock.now)
            finish(&reply, context, at: context.askedAt) { LoggedFields(remoteAddress) }
            return reply.response
        }
        let context = RequestContext(request, requestID: requestIDs.id(of: request), askedAt: clock.now)
        finish(&reply, context, at: context.askedAt) { LoggedFields(request) }
        return reply.response
    }

    private func handle(_ request: Request, _ context: inout RequestContext) -> Handling {
        do throws(APIError) {
            guard let route = context.route else { throw .notFound }
            guard route.methods.contains(request.method) else {
                throw .methodNotAllowed(allowed: route.allowedMethods)
            }
            return try route.handler(self)(request, &context)
        } catch {
            return .ready(reply(to: error))
        }
    }

    private func run(_ rest: ([UInt8]) async throws(APIError) -> LoggedResponse, _ body: [UInt8]) async
        -> LoggedResponse
    {
        do {
            return try await rest(body)
        } catch {
            return reply(to: error)
        }
    }

    /// Counts and logs an answer, and puts the request's id on it.
    func finish(
        _ reply: inout LoggedResponse, _ context: RequestContext, at now: Instant,
        fields: () -> LoggedFields?
    ) {
        let status = reply.response.status
        let duration = context.receivedAt.duration(to: now)
        metrics.record(
            context.route?.name ?? .unmatched, context.method, status: status.code, duration: duration)
        let severity = context.severity(of: status)
        if log.isEnabled(severity), let fields = fields() {
            log.write(RequestSummary(context, fields, reply, severity: severity, duration: duration))
        }
        reply.response.ownField = Response.Field(.xRequestID, context.requestID)
    }
}

/// A quoted-string (RFC 9110 section 5.6.4).
private func quotedString(_ text: String) -> String {
    let escaped = text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }
    return "\"\(escaped.joined())\""
}
