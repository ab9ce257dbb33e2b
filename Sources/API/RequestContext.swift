import Broadcasts
import HTTPTypes
import HTTPWire

/// One request on its way through its handler.
struct RequestContext {
    let request: Request
    let segments: PathSegments
    /// When the head was handed over.
    let now: ContinuousClock.Instant
    var record: RequestRecord
}

/// What is remembered of a request until it is answered.
struct RequestRecord: Sendable {
    /// Nil when no route has the path, or there is no path.
    let route: Route?
    /// Nil when the head could not be read.
    let method: HTTPRequest.Method?
    let requestID: String
    let receivedAt: ContinuousClock.Instant
    /// Set once the token is known.
    var identity: Identity?
}
