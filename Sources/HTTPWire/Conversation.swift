package import Bytes
package import HTTP
package import Time

/// The HTTP/1.1 protocol of one connection, without I/O: received bytes and the time go in, steps come out.
///
/// It decides when to read, to call the responder, to respond, to wait and to close. The server passes what
/// it received (`bytesReceived`), calls `next` until it returns `wait`, keeps the bytes that are not
/// consumed, sends the output and reports the result (`outputDrained`, `outputBlocked`, `outputProgressed`),
/// and calls `expire` when `deadline` has passed.
///
/// Requests are answered strictly in order: a request is not parsed before the preceding one has its
/// response.
///
/// Invariant: `incoming` is set only between the head of a request with a body and the end of that body.
package struct Conversation: ~Copyable {
    /// What the server does next.
    package enum Step {
        /// Wait until bytes arrive, a response is ready, the output drains or `deadline` passes. The
        /// conversation holds no reference to the received bytes.
        case wait
        /// Call the responder. Then call `respond` with a ready response, or `awaitResponse` if the response
        /// is not ready.
        case ask(Request)
        /// Append `Conversation.continueLine` to the output, and call `next`.
        case interim
        /// The body of a request whose response is not ready is complete (empty without a body). Start the
        /// answer, and call `respond` with the response.
        case run(body: [UInt8])
        /// Get the response to this refusal from the responder, then call `respond`. The connection closes
        /// after it.
        case refuse(Refusal, Request?)
        /// All output is sent: shut down the sending side, and read until the peer closes too (RFC 9112
        /// section 9.6).
        case shutdownWrite
        /// Close now. All output is sent or cannot be sent. No step follows.
        case close
    }

    /// The state of the conversation.
    enum Phase: UInt8, Comparable {
        /// Between requests.
        case idle
        /// A part of a head has been received.
        case head
        /// The responder has been called.
        case asked
        /// The response is not ready, and the body is being read for it.
        case body
        /// A handler or a waiter produces the response.
        case answering
        /// A request or the connection has been refused, and the response to that is pending.
        case refusing
        /// A deadline passed in the middle of a request.
        case timedOut
        /// The connection is over the limit.
        case overLimit
        /// A stream has begun. Pieces are sent until it ends or the peer closes; nothing is read.
        case streaming
        /// The response is in the output, and the rest of the request's body is being skipped.
        case discarding
        /// The last response is in the output, but may not be sent yet.
        case closing
        /// The sending side is shut down. Received bytes are dropped until the peer closes.
        case lingering
        /// The next step is `close`.
        case finished
        /// `close` has been returned.
        case closed
    }

    /// The state of the request that is being answered.
    struct CurrentRequest {
        /// Whether the connection closes after the response.
        var isLast: Bool
        /// Whether the client asked for that, so that it sends nothing more.
        var isLastOfClient = false
        var isHTTP10 = false
        /// Whether the response must have no content, because the method is HEAD.
        var isHead = false
    }

    package let remoteAddress: SocketAddress
    var phase = Phase.idle
    var current: CurrentRequest?
    var hasReceivedNothing = true
    /// Whether an empty line before the next request line has been skipped.
    var hasSkippedEmptyLine = false
    /// Whether the peer has closed its sending side.
    var hasEnded = false
    /// Whether unread bytes may arrive after the last response: closing at once could make the kernel reset
    /// the connection while the client still reads (RFC 9112 section 9.6).
    var mayReceiveMore = true
    var isDraining = false
    /// Whether the pieces of the stream are sent in the chunked coding.
    var streamsInChunks = false
    /// Whether there is output that `outputDrained` has not reported.
    var hasOutput = false
    /// Whether the last send left output that the socket did not accept.
    package internal(set) var isOutputBlocked = false
    let limits: Limits
    var scanner = HeadScanner()
    var incoming: IncomingBody?
    /// When the current wait began. `deadline` depends on it and on the phase.
    var since: Instant

    /// The bytes to send for `Step.interim` (RFC 9110 section 15.2.1).
    package static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Maximum size in bytes of a body that is copied after its head. A larger one is not copied, but sent
    /// as a second buffer of the same system call.
    package static let largestCopiedBody = 16384

    /// How long a peer may take to close its side after this side is shut down.
    package static let lingerTimeout = Duration.seconds(2)

    package init(remoteAddress: SocketAddress, limits: Limits, openedAt now: Instant) {
        self.remoteAddress = remoteAddress
        self.limits = limits
        since = now
    }
}

extension Conversation.Phase {
    /// Phases are ordered as declared: from `closing` on, received bytes are dropped.
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
