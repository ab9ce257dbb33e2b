import Broadcasts
import HTTP
import Time

/// A GET that waits for a read of the store.
final class BoardWaiter: RequestWaiter {
    private let view: BoardView
    private let ifNoneMatch: IfNoneMatch?

    init(
        _ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?, _ view: BoardView,
        _ ifNoneMatch: IfNoneMatch?
    ) {
        self.view = view
        self.ifNoneMatch = ifNoneMatch
        super.init(
            loop, context, fields, deadline: context.askedAt + loop.api.feed.freshness.readDeadline)
    }

    override func start(for ticket: ResponseTicket) {
        super.start(for: ticket)
        loop.add(self)
    }

    /// Returns the delivery once the read has ended or the deadline has passed, otherwise nil.
    func delivery(from snapshot: BoardFeed.Snapshot, at now: Instant) -> Delivery? {
        guard let number else { return nil }
        guard
            let outcome = snapshot.outcome(ofRead: number, at: now)
                ?? (deadline <= now ? snapshot.fallback(at: now) : nil)
        else { return nil }
        return delivery(
            loop.api.response(to: outcome, view, ifNoneMatch, since: context.askedAt), at: now)
    }
}

/// A heartbeat request that waits for a health check.
final class HealthWaiter: RequestWaiter {
    /// The heartbeat must respond within one second; 100 ms are left for everything but the check. The check
    /// itself ends within this limit.
    static let limit = Duration.milliseconds(900)

    init(_ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?) {
        super.init(loop, context, fields, deadline: context.askedAt + Self.limit)
    }

    override func start(for ticket: ResponseTicket) {
        super.start(for: ticket)
        loop.add(self)
    }

    func delivery(at now: Instant) -> Delivery? {
        guard let number, let outcome = loop.api.health.outcome(ofCheck: number) else { return nil }
        return delivery(loop.api.response(toHealth: outcome), at: now)
    }
}
