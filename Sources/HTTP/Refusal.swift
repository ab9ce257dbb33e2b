/// Why the HTTP layer itself refuses a request or a connection (openapi.yaml).
package enum Refusal: Error, Hashable, Sendable {
    /// 400. The reason is a constant phrase and contains no input.
    case malformed(StaticPhrase)
    /// 408: the request did not arrive in time.
    case timeout
    /// 413: the body is larger than `max_body_bytes`.
    case contentTooLarge
    /// 414: the request line is longer than `max_header_bytes`.
    case targetTooLong
    /// 417: an expectation other than `100-continue`.
    case expectationFailed
    /// 431: the head is larger than `max_header_bytes`, or a header or trailer section exceeds that size or
    /// `max_headers` lines.
    case fieldsTooLarge
    /// 501: a transfer coding other than `chunked`, the method CONNECT, or a method longer than 32 bytes.
    case notImplemented(StaticPhrase)
    /// 505: not HTTP/1.0 or HTTP/1.1.
    case versionNotSupported
    /// 503: `max_connections` are open already.
    case tooManyConnections
}

/// A string literal of the program, which cannot contain anything that a client sent.
package struct StaticPhrase: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String

    package init(stringLiteral value: StaticString) {
        text = value.description
    }
}
