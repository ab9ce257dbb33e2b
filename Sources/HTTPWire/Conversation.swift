package import Bytes
package import HTTP
package import Time

/// One connection's side of HTTP/1.1 without the connection: received bytes and the time go in, steps come
/// out.
///
/// All decisions about when to read, ask, answer, wait and close are made here. The server passes what it
/// received (`bytesReceived`), pulls steps (`next`) until it is told to wait, keeps the bytes that are not
/// consumed, sends the output and reports the result (`outputDrained` or `outputBlocked`), and calls
/// `expire` when `deadline` has passed.
///
/// Requests are answered strictly in order: the next one is not parsed before the last one has its
/// response.
///
/// Invariant: `incoming` is set only between the head of a request with a body and the end of that body.
package struct Conversation: ~Copyable {
    /// What the server does next.
    package enum Step {
        /// Nothing, until bytes arrive, a response is ready, the output drains or `deadline` passes. The
        /// conversation holds no reference to the received bytes.
        case wait
        /// Ask the responder. Then call `respond` with a ready response, or `awaitResponse` when it comes
        /// later.
        case ask(Request)
        /// Append `Conversation.continueLine` to the output, and go on with `next`.
        case interim
        /// The body of a request that is answered later is complete (empty when there was none). Start to
        /// answer, and call `respond` with the response.
        case run(body: [UInt8])
        /// Ask the responder for the response to this refusal, then call `respond`. The connection closes
        /// after it.
        case refuse(Refusal, Request?)
        /// Everything owed is sent: shut down the sending side, and read until the peer closes too (RFC
        /// 9112 section 9.6).
        case shutdownWrite
        /// Close now. Everything owed is sent, or cannot be sent any more. No step follows.
        case close
    }

    /// The state of the conversation.
    enum Phase: UInt8, Comparable {
        /// Between requests.
        case idle
        /// A part of a head has been received.
        case head
        /// The responder has been asked.
        case asked
        /// The response comes later, and the body is being read for it.
        case body
        /// The response is being made.
        case answering
        /// A request or the connection has been refused, and the response to that is awaited.
        case refusing
        /// A deadline passed in the middle of a request.
        case timedOut
        /// The connection is over the limit.
        case overLimit
        /// The response is in the output, and the rest of the request's body is being skipped.
        case discarding
        /// The last response is in the output, and may not be sent yet.
        case closing
        /// The sending side is shut down. The peer's bytes are skipped until it closes.
        case lingering
        /// Nothing is left to do but to close.
        case finished
        /// The server has been told to close.
        case closed
    }

    /// What belongs to the request that is being answered, and ends with it.
    struct CurrentRequest {
        /// Whether the connection closes after the response.
        var isLast: Bool
        /// Whether the client asked for that, and so sends nothing more.
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
    /// Whether output is on its way that `outputDrained` has not reported yet.
    var hasOutput = false
    /// Whether the socket takes no more.
    package internal(set) var isOutputBlocked = false
    let limits: Limits
    var scanner = HeadScanner()
    var incoming: IncomingBody?
    /// When the present wait began. With the phase, it makes the deadline.
    var since: Instant

    /// What the server sends for `Step.interim` (RFC 9110 section 15.2.1).
    package static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The largest body that is copied behind its head. Larger ones are sent from where they are, as a
    /// second buffer of the same system call.
    package static let largestCopiedBody = 16384

    /// How long a peer may take to close its side after ours is closed.
    package static let lingerTimeout = Duration.seconds(2)

    package init(remoteAddress: SocketAddress, limits: Limits, openedAt now: Instant) {
        self.remoteAddress = remoteAddress
        self.limits = limits
        since = now
    }
}

extension Conversation.Phase {
    /// Phases are ordered as they are declared: from `closing` on, received bytes are not looked at.
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
