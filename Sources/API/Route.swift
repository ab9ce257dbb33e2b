import HTTP
import HTTPTypes
import Telemetry

/// One path and its handlers. A class, because each request keeps a reference to its route.
final class Route: Sendable {
    /// The case names are the values of the metrics' label `route`.
    enum Name: Int, CaseIterable, Sendable {
        case broadcasts
        case broadcaster
        case broadcast
        case history
        case lbheartbeat
        case heartbeat
        case version
        case error
        case metrics
        case page
        /// No route matches.
        case unmatched
    }

    enum Segment: Sendable {
        case literal(String)
        /// Any text. The handler reads it by its index.
        case parameter
    }

    /// Handles a request of one method.
    typealias Handler = @Sendable (API, Request, inout RequestContext) throws(APIError) -> Handling

    /// A struct and not a tuple: reading a closure out of an array of tuples allocates.
    struct MethodHandler: Sendable {
        let method: HTTPRequest.Method
        let handler: Handler
    }

    /// Routes that are aliases have the same name.
    let name: Name
    let path: [Segment]
    /// The handler of each method, in the order of the `Allow` field.
    let handlers: [MethodHandler]
    /// Severity of the log line of a successful response.
    let severity: Severity
    /// Whether the path names a part of the board or a history, which pages of other origins may read if
    /// `cors_origins` allows it.
    let isResource: Bool

    /// Creates a route. The path is written as in openapi.yaml, with parameters in braces.
    init(
        _ name: Name, _ path: String, severity: Severity = .informational,
        _ handlers: [MethodHandler]
    ) {
        self.name = name
        self.path = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? .parameter : .literal(String(segment))
        }
        self.severity = severity
        isResource = [.broadcasts, .broadcaster, .broadcast, .history].contains(name)
        self.handlers = handlers
    }

    /// Creates a route for GET and HEAD (RFC 9110 section 9.1) with the same handler. The connection omits
    /// the body of a response to HEAD.
    convenience init(
        _ name: Name, _ path: String, severity: Severity = .informational, get handler: @escaping Handler
    ) {
        self.init(
            name, path, severity: severity,
            [
                MethodHandler(method: .get, handler: handler), MethodHandler(method: .head, handler: handler),
            ])
    }

    /// Returns the handler of a method, or nil.
    func handler(of method: HTTPRequest.Method) -> Handler? {
        handlers.first { $0.method == method }?.handler
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
    /// Every path of the service, the most frequent first.
    static let table = [
        Route(.broadcasts, "/v1/broadcasts", get: read),
        Route(.broadcasts, "/v1/__broadcasts__", get: read),
        Route(.broadcasts, "/__broadcasts__", get: read),
        Route(.broadcaster, "/v1/broadcasts/{broadcaster_id}", get: read),
        Route(
            .broadcast, "/v1/broadcasts/{broadcaster_id}/{bchannel_id}",
            [
                MethodHandler(method: .get, handler: read), MethodHandler(method: .head, handler: read),
                MethodHandler(method: .put, handler: put), MethodHandler(method: .delete, handler: delete),
            ]),
        Route(.history, "/v1/broadcasts/{broadcaster_id}/{bchannel_id}/history", get: history),
        Route(.lbheartbeat, "/__lbheartbeat__", severity: .debug) { $0.getLoadBalancerHeartbeat($1, &$2) },
        Route(.heartbeat, "/__heartbeat__") { $0.getHeartbeat($1, &$2) },
        Route(.version, "/__version__") { $0.getVersion($1, &$2) },
        Route(.error, "/__error__", get: error),
        Route(.error, "/v1/err", get: error),
        Route(.metrics, "/metrics") { $0.getMetrics($1, &$2) },
        Route(.page, "/") { $0.getStatusPage($1, &$2) },
    ]

    private static let read: Handler = { api, request, context throws(APIError) in
        try api.readBroadcasts(request, &context)
    }
    private static let put: Handler = { api, request, context throws(APIError) in
        try api.putBroadcast(request, &context)
    }
    private static let delete: Handler = { api, request, context throws(APIError) in
        try api.deleteBroadcast(request, &context)
    }
    private static let history: Handler = { api, request, context throws(APIError) in
        try api.getHistory(request, &context)
    }
    private static let error: Handler = { api, request, context throws(APIError) in
        try api.getError(request, &context)
    }

    /// Returns the route of the request's path, whatever its method.
    static func of(_ request: Request, _ segments: PathSegments) -> Route? {
        table.first { $0.matches(segments, of: request) }
    }

    /// The value of the `Allow` field (RFC 9110 section 10.2.1).
    var allowedMethods: String {
        methods.map(\.rawValue).joined(separator: ", ")
    }
}
