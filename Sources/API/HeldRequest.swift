import Access
import Broadcasts
import HTTP
import Time

/// A request that is held until the state of its view changes: a wait or a stream.
///
/// It first looks at the state, by a read that begins after the request, and then joins an audience.
class HeldRequest: RequestWaiter, DeadlineEntry {
    enum Phase {
        /// Waits for the first read.
        case looking
        case held(Audience)
        /// The response is complete, or the connection has closed.
        case ended
    }

    let view: BoardView
    let kind: ListenerCount.Kind
    var phase = Phase.looking
    /// The position in the audience.
    var place = 0
    var due: Instant
    var heapIndex: Int?
    var needsAttention = false
    /// Why the request may no longer read; set before it is attended to.
    var revocation: APIError?

    init(
        _ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?, _ view: BoardView,
        _ kind: ListenerCount.Kind
    ) {
        self.view = view
        self.kind = kind
        due = context.askedAt
        super.init(
            loop, context, fields, deadline: context.askedAt + loop.api.feed.freshness.readDeadline)
    }

    override func start(for ticket: ResponseTicket) {
        super.start(for: ticket)
        loop.add(self)
    }

    var live: API.Live { loop.api.rules.live }

    /// Looks at the state for the first time, once the read has ended or the deadline has passed.
    ///
    /// - Returns: Whether the look is over.
    final func look(
        at snapshot: BoardFeed.Snapshot, _ deliveries: inout [Delivery], at now: Instant
    ) -> Bool {
        guard let number else { return false }
        guard
            let outcome = snapshot.ownOutcome(ofRead: number, at: now)
                ?? (deadline <= now ? snapshot.fallback(at: now) : nil)
        else { return false }
        let current = loop.api.rules
        if current !== context.rules || !current.access.expiries.isEmpty {
            revocation = loop.api.revocation(of: context, view, current.access)
        }
        look(outcome, isFresh: snapshot.hasBoard(ofRead: number), &deliveries, at: now)
        return true
    }

    /// Answers or begins to be held, unless it may no longer read. `isFresh` means that the state is from the
    /// request's own read.
    func look(
        _ outcome: Result<Reading, BoardUnavailable>, isFresh: Bool, _ deliveries: inout [Delivery],
        at now: Instant
    ) {}

    /// Joins the audience, or returns false if `max_listeners` is reached.
    func hold(until due: Instant) -> Bool {
        guard loop.api.listeners.admit(kind, maximum: live.maximumListeners) else { return false }
        phase = .held(loop.held.add(self, until: due))
        return true
    }

    /// Leaves the audience.
    func leave() {
        if case .held(let audience) = phase { loop.held.remove(self, audience) }
        phase = .ended
    }

    /// Returns what to send when the audience has a new state.
    func stateChanged(_ audience: Audience, at now: Instant) -> Delivery? { nil }

    /// Returns what to send when `due` has passed. Leaves the audience or moves `due`.
    func duePassed(at now: Instant) -> Delivery? { nil }

    /// Returns what to send after an event of the connection or a revocation.
    func attend(at now: Instant) -> Delivery? { nil }

    /// Ends at this instant, because the server drains.
    func drain(at due: Instant) { loop.held.reschedule(self, to: due) }
}
