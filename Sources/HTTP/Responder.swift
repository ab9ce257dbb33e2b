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

/// A request that waits for an event outside its connection. It belongs to its connection's loop.
package protocol Waiter: AnyObject {
    /// Starts to wait. The loop's responder delivers the response for this ticket at the end of a turn.
    func start(for ticket: ResponseTicket)
}

/// Identifies the response that a connection waits for. A connection has at most one at a time.
package struct ResponseTicket: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// The response of a waiter.
package struct Delivery: Sendable {
    package let ticket: ResponseTicket
    package let response: Response

    package init(to ticket: ResponseTicket, _ response: Response) {
        self.ticket = ticket
        self.response = response
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

    /// Appends the responses of the waiters that are ready. Called at the end of each turn.
    ///
    /// - Returns: When to be called again without a wake-up, accurate to a few milliseconds; nil for never.
    func endTurn(_ deliveries: inout [Delivery]) -> Instant?
}
