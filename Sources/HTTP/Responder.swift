package import Bytes

/// How a request is answered.
package enum Answer: Sendable {
    /// The answer is known from the head alone. A body that follows is not read for it.
    case ready(Response)
    /// The body is read first (after `100 Continue` where the client waits for it; empty where there is
    /// none), then the function runs on the connection's event loop and may suspend. It is cancelled when the
    /// client is gone.
    case deferred(@Sendable (_ body: [UInt8]) async -> Response)
    /// The answer comes out of work that is done once for all who wait for it, so that no task stands for
    /// each. The function is called when that of `deferred` would be, but the body is dropped.
    case shared(@Sendable (_ deliver: @escaping Deliver) -> SharedWork?)

    /// Takes the answer, once, on any thread.
    package typealias Deliver = @Sendable (Response) -> Void

    /// Work to be run on the event loop after what is at hand, when nobody is at it yet.
    package typealias SharedWork = @Sendable () async -> Void
}

/// Why the HTTP layer itself refuses a request or a connection (openapi.yaml).
package enum Refusal: Error, Hashable, Sendable {
    /// 400. The reason is one of a fixed set of phrases and holds nothing of the input.
    case malformed(StaticPhrase)
    /// 408: the request did not arrive in time.
    case timeout
    /// 413: the body is larger than `max_body_bytes`.
    case contentTooLarge
    /// 414: the request line is longer than `max_header_bytes`.
    case targetTooLong
    /// 417: an expectation other than `100-continue`.
    case expectationFailed
    /// 431: the header section is larger than `max_header_bytes` or has more than `max_headers` lines.
    case fieldsTooLarge
    /// 501: a transfer coding other than `chunked`, the method CONNECT, or a method with a name too long.
    case notImplemented(StaticPhrase)
    /// 505: not HTTP/1.0 or HTTP/1.1.
    case versionNotSupported
    /// 503: `max_connections` are open already.
    case tooManyConnections
}

/// A phrase that stands in the program's text, and so can hold nothing that a client sent.
package struct StaticPhrase: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String

    package init(stringLiteral value: StaticString) {
        text = value.description
    }
}

/// What the HTTP server asks for answers. It knows paths and tokens; the server knows neither.
package protocol Responder: Sendable {
    /// Called on an event loop when the head of a request is complete. It must not block.
    func answer(_ request: Request) -> Answer

    /// The answer that goes out before the connection is closed. `request` is given when its head could be
    /// read.
    func response(to refusal: Refusal, of request: Request?, from remoteAddress: SocketAddress) -> Response
}
