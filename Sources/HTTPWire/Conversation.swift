package import Bytes
package import HTTP
package import Time

/// One connection's side of HTTP/1.1, without the connection: bytes and the time go in, steps come out.
///
/// Everything about when to read, ask, answer, wait and close is decided here. The server obeys: it hands
/// over what it received (`receive`), pulls steps (`next`) until it is told to wait, gives the read buffer
/// back to its event loop (`reclaimReadBuffer`), writes the output, says how that went (`outputDrained` or
/// `outputBlocked`), and calls `expire` when `deadline` has passed.
///
/// Requests are answered strictly in order: the next one is not looked at before the last one has its
/// answer.
///
/// Invariants: `0 <= start <= end <= bytes.count`; `incoming` is set only between the head of a request
/// with a body and the end of that body.
package struct Conversation: ~Copyable {
    /// What the server does next.
    package enum Step {
        /// Nothing, until bytes arrive, an answer is ready, the output drains or `deadline` passes.
        case wait
        /// Ask the responder; then call `respond` with an answer that is ready, or `awaitAnswer` when it is
        /// deferred.
        case ask(Request)
        /// Append `Conversation.continueLine` to the output, and go on with `next`.
        case interim
        /// The deferred answer's body is complete (empty when there was none): run its function, then call
        /// `respond`.
        case run(body: [UInt8])
        /// Ask the responder for the response to this refusal, then call `respond`. The connection closes
        /// after it.
        case refuse(Refusal, Request?)
        /// Everything owed is sent: half-close for writing, keep reading until the peer closes too
        /// (RFC 9112 section 9.6).
        case shutdownWrite
        /// Close now. Everything owed is sent, or cannot be sent any more. No step follows.
        case close
    }

    /// Where the conversation stands.
    enum Phase: UInt8, Comparable {
        /// Between requests.
        case idle
        /// A part of a head is at hand.
        case head
        /// The responder has been asked.
        case asked
        /// The answer is deferred, and the body is being read for it.
        case body
        /// The deferred answer is being made.
        case answering
        /// A request or the connection has been refused; the response to that is awaited.
        case refusing
        /// A deadline passed in the middle of a request.
        case timedOut
        /// The connection is one too many.
        case rejected
        /// The answer is out, and what is left of the request's body is skipped.
        case discarding
        /// The last answer is out of `respond`, but maybe not yet sent.
        case closing
        /// The write side is shut down; the peer's bytes are skipped until it closes.
        case lingering
        /// Nothing is left but to close.
        case finished
        /// The server has been told to close.
        case closed
    }

    let remoteAddress: SocketAddress
    var phase = Phase.idle
    /// Whether the present request, or the last one, is the last of the connection.
    var closesAfterAnswer = false
    /// Whether the present request was made in HTTP/1.0.
    var speaksHTTP10 = false
    /// Whether the present request is HEAD.
    var answersHead = false
    /// Whether nothing has been received yet.
    var hasReceivedNothing = true
    /// Whether an empty line before the next request line has been skipped.
    var hasSkippedEmptyLine = false
    /// Whether the peer has closed its side.
    var hasEnded = false
    var isDraining = false
    /// Whether output is on its way that `outputDrained` has not reported yet.
    var hasOutput = false
    /// Whether the socket takes no more.
    var isOutputBlocked = false
    /// Whether `bytes` is the read buffer that the event loop lent.
    var borrowsReadBuffer = false
    let limits: Limits
    /// The received bytes; those from `start` to `end` are not consumed yet.
    var bytes: [UInt8] = []
    var start: Int32 = 0
    var end: Int32 = 0
    var scanner = HeadScanner()
    /// The read buffer that the event loop wants back.
    var lentReadBuffer: [UInt8]?
    var incoming: IncomingBody?
    /// When the present wait began; together with the phase it makes the deadline. It stands last, for the
    /// compiler does not know the size of an instant, and looks up at run time where fields behind one are.
    var since: Instant

    /// What the server sends for `Step.interim` (RFC 9110 section 15.2.1).
    package static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The largest body that is copied behind its head. Larger ones are sent from where they are, as a second
    /// buffer of the same system call.
    package static let largestCopiedBody = 16384

    /// How long a peer may take to close its side after ours is closed.
    package static let lingerTimeout = Duration.seconds(2)

    package init(
        remoteAddress: SocketAddress, limits: Limits, openedAt now: Instant
    ) {
        self.remoteAddress = remoteAddress
        self.limits = limits
        since = now
    }
}

extension Conversation.Phase {
    /// Phases are ordered as they are declared: from `closing` on, nothing that is received is looked at.
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
