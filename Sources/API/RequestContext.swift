import Access
import Broadcasts
import HTTP
import HTTPTypes
import Time

/// The data of a request that is kept until its response is logged. Holds no bytes of the head.
struct RequestContext: Sendable {
    /// Nil if no route matches the path, or no head could be parsed.
    let route: Route?
    /// Nil if no head could be parsed.
    let method: HTTPRequest.Method?
    let segments: PathSegments
    let requestID: String
    let receivedAt: Instant
    /// When the API received the head.
    let askedAt: Instant
    /// The settings at that time.
    let rules: API.Rules
    /// Set once the request is authenticated.
    var identity: Identity?
    /// Set once the request is authenticated by a token.
    var token: TokenDigest?
    /// The field lines for browsers of other origins; nil if the response has none.
    var crossOriginFields: FieldLines?

    init(_ request: Request, requestID: String, askedAt: Instant, rules: API.Rules) {
        self.rules = rules
        segments = PathSegments(of: request)
        let found = Route.of(request, segments)
        route = found?.name == .page && !rules.showsStatusPage ? nil : found
        method = request.method
        self.requestID = requestID
        receivedAt = request.receivedAt
        self.askedAt = askedAt
    }

    /// For a connection on which no head could be parsed.
    init(requestID: String, askedAt: Instant, rules: API.Rules) {
        self.rules = rules
        segments = PathSegments()
        route = nil
        method = nil
        self.requestID = requestID
        receivedAt = askedAt
        self.askedAt = askedAt
    }
}
