import Access
import Broadcasts
import HTTP
import HTTPTypes
import Time

/// What is known of a request from its head to its answer, apart from the bytes of the head.
struct RequestContext: Sendable {
    /// Nil when no route has the path, or there is no path.
    let route: Route?
    /// Nil when the head could not be read.
    let method: HTTPRequest.Method?
    let segments: PathSegments
    let requestID: String
    let receivedAt: Instant
    /// When the head was handed over.
    let askedAt: Instant
    /// Set once the token is known.
    var identity: Identity?

    init(_ request: Request, requestID: String, askedAt: Instant) {
        segments = PathSegments(of: request)
        route = Route.of(request, segments)
        method = request.method
        self.requestID = requestID
        receivedAt = request.receivedAt
        self.askedAt = askedAt
    }

    /// For a connection on which no request could be read.
    init(requestID: String, askedAt: Instant) {
        segments = PathSegments()
        route = nil
        method = nil
        self.requestID = requestID
        receivedAt = askedAt
        self.askedAt = askedAt
    }
}
