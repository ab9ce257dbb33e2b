import HTTP
import HTTPTypes
import Telemetry

/// One path and its handlers. A class, because each request keeps a reference to its route.
final class Route: Sendable {
    /// The names of the cases are the labels in the metrics.
    enum Name: Int, CaseIterable, Sendable {
        case broadcasts
        case broadcast
        case lbheartbeat
        case heartbeat
        case version
        case error
        case metrics
        /// No row of the table.
        case unmatched
    }

    enum Segment: Sendable {
        case literal(String)
        /// Any text. The handler asks for it by its place.
        case parameter
    }

    /// Answers a request of one method.
    typealias Handler = @Sendable (API, Request, inout RequestContext) throws(APIError) -> Handling

    /// A pair in a struct and not in a tuple: an array of tuples with closures allocates whenever one is read.
    struct MethodHandler: Sendable {
        let method: HTTPRequest.Method
        let handler: Handler
    }

    /// Aliases share it.
    let name: Name
    let path: [Segment]
    /// The handler of each method, in the order of the `Allow` field.
    let handlers: [MethodHandler]
    /// The severity of a success's log line.
    let severity: Severity

    /// The path is written as in openapi.yaml, with a parameter in braces.
    init(
        _ name: Name, _ path: String, severity: Severity = .informational,
        _ handlers: [MethodHandler]
    ) {
        self.name = name
        self.path = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? .parameter : .literal(String(segment))
        }
        self.severity = severity
        self.handlers = handlers
    }

    /// A route that is only read. A server that answers GET answers HEAD (RFC 9110 section 9.1); the
    /// connection leaves out the body of that response.
    convenience init(
        _ name: Name, _ path: String, severity: Severity = .informational, get handler: @escaping Handler
    ) {
        self.init(
            name, path, severity: severity,
            [
                MethodHandler(method: .get, handler: handler), MethodHandler(method: .head, handler: handler),
            ])
    }

    /// Returns the handler of a method, or throws 405.
    func handler(of method: HTTPRequest.Method) throws(APIError) -> Handler {
        guard let found = handlers.first(where: { $0.method == method }) else {
            throw .methodNotAllowed(allowed: allowedMethods)
        }
        return found.handler
    }

    var methods: [HTTPRequest.Method] { handlers.map(\.method) }

    private func matches(_ segments: PathSegments, of request: Request) -> Bool {
        guard segments.count == path.count else { return false }
        for (index, segment) in path.enumerated() {
            if case .literal(let text) = segment, !segments.matches(text, at: index, of: request) {
                return false
            }
        }
        return true
    }
}

extension Route {
    /// Every path that the service answers, the busiest first.
    ///
    /// OPTIONS is not routed: its 405 carries `Allow`, which is what a client needs.
    static let table = [
        Route(.broadcasts, "/v1/broadcasts", get: board),
        Route(.broadcasts, "/v1/__broadcasts__", get: board),
        Route(.broadcasts, "/__broadcasts__", get: board),
        Route(
            .broadcast, "/v1/broadcasts/{broadcaster_id}/{bchannel_id}",
            [MethodHandler(method: .put, handler: put)]),
        Route(
            .lbheartbeat, "/__lbheartbeat__", severity: .debug, get: { $0.getLoadBalancerHeartbeat($1, &$2) }),
        Route(.heartbeat, "/__heartbeat__", get: { $0.getHeartbeat($1, &$2) }),
        Route(.version, "/__version__", get: { $0.getVersion($1, &$2) }),
        Route(.error, "/__error__", get: error),
        Route(.error, "/v1/err", get: error),
        Route(.metrics, "/metrics", get: { $0.getMetrics($1, &$2) }),
    ]

    private static let board: Handler = { api, request, context throws(APIError) in
        try api.getBroadcasts(request, &context)
    }
    private static let put: Handler = { api, request, context throws(APIError) in
        try api.putBroadcast(request, &context)
    }
    private static let error: Handler = { api, request, context throws(APIError) in
        try api.getError(request, &context)
    }

    /// The row of the request's path, whatever the method.
    static func of(_ request: Request, _ segments: PathSegments) -> Route? {
        table.first { $0.matches(segments, of: request) }
    }

    /// What the `Allow` field says (RFC 9110 section 10.2.1).
    var allowedMethods: String {
        methods.map(\.rawValue).joined(separator: ", ")
    }
}
