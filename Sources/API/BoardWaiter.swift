import Broadcasts
import HTTP
import Time

/// A GET that waits for a read of the store.
final class BoardWaiter: Waiter, StoreWaiter {
    private let loop: APILoop
    private let context: RequestContext
    /// Nil if its response would not be logged at any severity.
    private let fields: LoggedFields?
    private let ifNoneMatch: IfNoneMatch?
    private var ticket: ResponseTicket?
    var number: Int?
    let deadline: Instant

    init(_ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?, _ ifNoneMatch: IfNoneMatch?) {
        self.loop = loop
        self.context = context
        self.fields = fields
        self.ifNoneMatch = ifNoneMatch
        deadline = context.askedAt + loop.api.feed.freshness.readDeadline
    }

    func start(for ticket: ResponseTicket) {
        self.ticket = ticket
        loop.add(self)
    }

    /// Returns the delivery once the read has ended or the deadline has passed, otherwise nil.
    func delivery(from snapshot: BoardFeed.Snapshot, at now: Instant) -> Delivery? {
        guard let ticket, let number else { return nil }
        guard
            let outcome = snapshot.outcome(ofRead: number, at: now)
                ?? (deadline <= now ? snapshot.fallback(at: now) : nil)
        else { return nil }
        var response = loop.api.response(to: outcome, ifNoneMatch, since: context.askedAt)
        loop.api.finish(&response, context, at: now) { fields }
        return Delivery(to: ticket, response.response)
    }
}

/// A heartbeat request that waits for a health check.
final class HealthWaiter: Waiter, StoreWaiter {
    /// The heartbeat must respond within one second; 100 ms are left for everything but the check.
    static let limit = Duration.milliseconds(900)

    private let loop: APILoop
    private let context: RequestContext
    private let fields: LoggedFields?
    private var ticket: ResponseTicket?
    var number: Int?
    /// Required by `StoreWaiter`. `APILoop` does not use it, because the check itself ends within the limit.
    let deadline: Instant

    init(_ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?) {
        self.loop = loop
        self.context = context
        self.fields = fields
        deadline = context.askedAt + Self.limit
    }

    func start(for ticket: ResponseTicket) {
        self.ticket = ticket
        loop.add(self)
    }

    func delivery(at now: Instant) -> Delivery? {
        guard let ticket, let number, let outcome = loop.api.health.outcome(ofCheck: number) else {
            return nil
        }
        var response = loop.api.response(toHealth: outcome)
        loop.api.finish(&response, context, at: now) { fields }
        return Delivery(to: ticket, response.response)
    }
}
