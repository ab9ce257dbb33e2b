package import Bytes
package import Time

/// How a request is answered.
package enum Answer {
    /// The head is enough. A body that follows is skipped.
    case ready(Response)
    /// The body is read first (after `100 Continue` if the client waits for it; empty if there is none). Then
    /// the function runs on the connection's loop. It may suspend. Its task is cancelled when the connection
    /// closes.
    case deferred(@Sendable (_ body: [UInt8]) async -> Response)
    /// The response depends on an event outside the connection. The body is read and dropped, then the waiter
    /// is started.
    case waiting(any Waiter)
}

/// A request that waits for events outside its connection. It belongs to its connection's loop.
package protocol Waiter: AnyObject {
    /// Starts to wait. The loop's responder delivers the response for this ticket at the end of a turn.
    func start(for ticket: ResponseTicket)

    /// The client has closed its sending side and waits for the response.
    func clientEnded()

    /// A piece of the stream was dropped, because an earlier one is still being sent.
    func pieceDropped()

    /// The socket has accepted all that was queued, after it had been blocked.
    func outputDrained()

    /// The connection has closed before the end of the response. Nothing is delivered any more.
    func connectionClosed(_ reason: ConnectionEnd)
}

extension Waiter {
    /// Does nothing: the response comes soon anyway.
    package func clientEnded() {}
    /// Does nothing: the response is not a stream.
    package func pieceDropped() {}
    /// Does nothing: the response is not a stream.
    package func outputDrained() {}
    /// Does nothing: a response to a closed connection is dropped.
    package func connectionClosed(_: ConnectionEnd) {}
}

/// Why a connection has closed before the end of a response.
package enum ConnectionEnd: Sendable {
    /// The client has closed it, or it failed.
    case gone
    /// The client has accepted nothing for `body_timeout`.
    case slow
    /// The server is shutting down.
    case shutdown
}

/// Identifies the response that a connection waits for. A connection has at most one at a time.
package struct ResponseTicket: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// What a waiter sends.
package struct Delivery: Sendable {
    /// The part of the response.
    package enum Part: Sendable {
        /// A response, or the beginning of a stream with its first piece.
        case response(Response, StreamPiece?)
        /// The next piece of a stream. Dropped if an earlier one is still being sent.
        case piece(StreamPiece)
        /// The last piece of a stream, if any, and the end of the response.
        case end(StreamPiece?)
    }

    package let ticket: ResponseTicket
    package let part: Part

    package init(to ticket: ResponseTicket, _ response: Response, first piece: StreamPiece? = nil) {
        self.ticket = ticket
        part = .response(response, piece)
    }

    /// A piece of a stream that has begun.
    package init(to ticket: ResponseTicket, piece: StreamPiece) {
        self.ticket = ticket
        part = .piece(piece)
    }

    /// The end of a stream that has begun.
    package init(endOf ticket: ResponseTicket, last piece: StreamPiece?) {
        self.ticket = ticket
        part = .end(piece)
    }
}

/// Wakes an event loop from other threads.
package protocol Mailbox: Sendable {
    /// Makes the loop take another turn, at whose end it calls the responder's `endTurn`.
    func wake()
}

/// Responds to the requests of an HTTP server. Only the responder knows paths and tokens.
package protocol Responder: Sendable {
    /// Creates the part of the responder that serves one loop. Called once for each loop, before the loop
    /// runs.
    func makeLoopResponder(_ mailbox: any Mailbox) -> sending any LoopResponder
}

/// Responds to the requests of one loop's connections, on the loop's thread. Nothing here may block.
package protocol LoopResponder: AnyObject {
    /// Called when the head of a request is complete.
    func answer(_ request: Request) -> Answer

    /// Returns the response that is sent before the connection is closed. `request` is nil when its head
    /// could not be parsed.
    func response(to refusal: Refusal, of request: Request?, from remoteAddress: SocketAddress) -> Response

    /// Appends the responses of the waiters that are ready. Called at the end of each turn, again after its
    /// deliveries have been made, until there are none.
    ///
    /// - Returns: When to be called again without a wake-up, accurate to a few milliseconds; nil for never.
    func endTurn(_ deliveries: inout [Delivery]) -> Instant?

    /// Appends up to `maximum` deliveries to requests that have been held. Called once in each turn, after
    /// `endTurn`, so that other connections are served between two batches.
    ///
    /// - Returns: When to be called again without a wake-up; nil for never.
    func fanOut(_ deliveries: inout [Delivery], maximum: Int) -> Instant?

    /// The server begins to drain: requests that are held end within the duration, and no more are held.
    func drain(over duration: Duration)
}

extension LoopResponder {
    /// Does nothing: no request is held.
    package func fanOut(_: inout [Delivery], maximum _: Int) -> Instant? { nil }
    /// Does nothing: no request is held.
    package func drain(over _: Duration) {}
}
