import HTTP
import HTTPTypes
import Telemetry

/// One row of the route table. A class, because each request holds on to its row.
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

    /// Answers a request that fits the row.
    typealias Handler = @Sendable (API) -> (Request, inout RequestContext) throws(APIError) -> Handling

    /// Aliases share it.
    let name: Name
    let path: [Segment]
    let methods: [HTTPRequest.Method]
    /// How grave the log line of a success is.
    let severity: Severity
    let handler: Handler

    /// The path is written as in openapi.yaml, with a parameter in braces.
    init(
        _ name: Name, _ path: String, _ methods: [HTTPRequest.Method],
        severity: Severity = .informational, _ handler: @escaping Handler
    ) {
        self.name = name
        self.path = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? .parameter : .literal(String(segment))
        }
        self.methods = methods
        self.severity = severity
        self.handler = handler
    }

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
    /// Every path the service answers, the busiest first.
    ///
    /// A server that answers GET answers HEAD (RFC 9110 section 9.1); the connection leaves the body of that
    /// answer out. OPTIONS stands nowhere: 405 carries the one thing it is asked for, the `Allow` field.
    static let table = [
        Route(.broadcasts, "/v1/broadcasts", reading, API.getBroadcasts),
        Route(.broadcasts, "/v1/__broadcasts__", reading, API.getBroadcasts),
        Route(.broadcasts, "/__broadcasts__", reading, API.getBroadcasts),
        Route(.broadcast, "/v1/broadcasts/{broadcaster_id}/{bchannel_id}", [.put], API.putBroadcast),
        Route(.lbheartbeat, "/__lbheartbeat__", reading, severity: .debug, API.getLoadBalancerHeartbeat),
        Route(.heartbeat, "/__heartbeat__", reading, API.getHeartbeat),
        Route(.version, "/__version__", reading, API.getVersion),
        Route(.error, "/__error__", reading, API.getError),
        Route(.error, "/v1/err", reading, API.getError),
        Route(.metrics, "/metrics", reading, API.getMetrics),
    ]

    private static let reading: [HTTPRequest.Method] = [.get, .head]

    /// The row of the request's path, whatever the method.
    static func of(_ request: Request, _ segments: PathSegments) -> Route? {
        table.first { $0.matches(segments, of: request) }
    }

    /// What the `Allow` field says (RFC 9110 section 10.2.1).
    var allowedMethods: String {
        methods.map(\.rawValue).joined(separator: ", ")
    }
}
