import HTTP
import Time

/// A request that waits on its loop: what every kind of waiter keeps.
class RequestWaiter: Waiter, StoreWaiter {
    let loop: APILoop
    let context: RequestContext
    /// Nil if its response would not be logged at any severity.
    let fields: LoggedFields?
    /// Nil until the connection has started to wait.
    private(set) var ticket: ResponseTicket?
    /// The read or check that answers it.
    var number: Int?
    /// The latest time of the response to that read.
    let deadline: Instant

    init(_ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?, deadline: Instant) {
        self.loop = loop
        self.context = context
        self.fields = fields
        self.deadline = deadline
    }

    func start(for ticket: ResponseTicket) { self.ticket = ticket }
    func clientEnded() {}
    func pieceDropped() {}
    func outputDrained() {}
    func connectionClosed(_: ConnectionEnd) {}

    /// Logs and counts a response, and returns its delivery.
    func delivery(_ response: LoggedResponse, at now: Instant, wasHeld: Bool = false) -> Delivery? {
        guard let ticket else { return nil }
        var response = response
        loop.api.finish(&response, context, at: now, wasHeld: wasHeld) { fields }
        return Delivery(to: ticket, response.response)
    }
}
