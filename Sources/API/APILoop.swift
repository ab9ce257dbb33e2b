import Broadcasts
import Bytes
import HTTP
import Telemetry
import Time

/// The API of one loop: handles its requests, and keeps the waiters for the store.
///
/// All new waiters of a turn subscribe together at its end. When a read or a check has ended, the loop
/// answers its own waiters in order. Used on the loop's thread only, except for `inbox`.
final class APILoop: LoopResponder {
    let api: API
    let held: HeldRequests
    private let inbox: LoopInbox
    private var waiters = Waiters()

    private struct Waiters {
        var boards = WaiterQueue<BoardWaiter>()
        var looks = WaiterQueue<HeldRequest>()
        var reads = WaiterQueue<ReadRequest>()
        var checks = WaiterQueue<HealthWaiter>()

        var isEmpty: Bool { boards.isEmpty && looks.isEmpty && reads.isEmpty && checks.isEmpty }

        var hasNewReaders: Bool { boards.hasNew || looks.hasNew || reads.hasNew }

        func isDue(at now: Instant) -> Bool {
            boards.isDue(at: now) || looks.isDue(at: now) || reads.isDue(at: now)
        }

        var deadline: Instant? {
            earliest(boards.deadline, earliest(looks.deadline, reads.deadline))
        }
    }

    init(_ api: API, _ inbox: LoopInbox) {
        self.api = api
        self.inbox = inbox
        held = HeldRequests(api, inbox)
    }

    func answer(_ request: Request) -> Answer {
        var context = api.context(of: request)
        switch handle(request, &context) {
        case .ready(var response):
            api.finish(&response, context, at: context.askedAt) { LoggedFields(request) }
            return .ready(response.response)
        case .deferred(let rest):
            let fields = fieldsForLater(request)
            return .deferred { [api, inbox, context] body in
                var response = await api.run(rest, body, inbox)
                api.finish(&response, context, at: api.clock.now) { fields }
                return response.response
            }
        case .board(let view, let ifNoneMatch):
            return .waiting(BoardWaiter(self, context, fieldsForLater(request), view, ifNoneMatch))
        case .wait(let view, let ifNoneMatch, let seconds):
            return .waiting(
                WaitRequest(
                    self, context, fieldsForLater(request), view, ifNoneMatch, seconds: seconds))
        case .stream(let view, let lastEventID):
            return .waiting(
                StreamRequest(self, context, fieldsForLater(request), view, lastEventID: lastEventID))
        case .health:
            return .waiting(HealthWaiter(self, context, fieldsForLater(request)))
        }
    }

    func response(
        to refusal: Refusal, of request: Request?, from remoteAddress: SocketAddress
    ) -> Response {
        var response = api.response(to: .refused(refusal))
        guard let request else {
            let context = RequestContext(
                requestID: api.requestIDs.next(), askedAt: api.clock.now, rules: api.rules)
            api.finish(&response, context, at: context.askedAt) { LoggedFields(remoteAddress) }
            return response.response
        }
        let context = api.context(of: request)
        api.finish(&response, context, at: context.askedAt) { LoggedFields(request) }
        return response.response
    }

    private func handle(_ request: Request, _ context: inout RequestContext) -> Handling {
        do throws(APIError) {
            guard let route = context.route else { throw .notFound }
            guard let handler = route.handler(of: request.method) else {
                if let preflight = api.preflight(request, route, context.rules) { return .ready(preflight) }
                throw .methodNotAllowed(allowed: route.allowedMethods)
            }
            return try handler(api, request, &context)
        } catch {
            return .ready(api.response(to: error))
        }
    }

    /// Returns the fields for a line that is logged later, when the bytes of the request are no longer valid.
    /// Nil if even errors are not logged: the severity is not known yet, but no response is more severe.
    private func fieldsForLater(_ request: Request) -> LoggedFields? {
        api.log.isEnabled(.error) ? LoggedFields(request) : nil
    }

    // MARK: - Waiters

    func add(_ waiter: BoardWaiter) { waiters.boards.append(waiter) }
    func add(_ waiter: HealthWaiter) { waiters.checks.append(waiter) }
    func add(_ request: HeldRequest) { waiters.looks.append(request) }

    func endTurn(_ deliveries: inout [Delivery]) -> Instant? {
        for request in inbox.takeRequests() { waiters.reads.append(request) }
        guard !waiters.isEmpty || !held.isEmpty else { return nil }
        subscribe()
        let now = api.clock.now
        if inbox.takeSignal() || waiters.isDue(at: now) { answer(at: now, &deliveries) }
        return waiters.deadline
    }

    func fanOut(_ deliveries: inout [Delivery], maximum: Int) -> Instant? {
        held.fanOut(&deliveries, maximum: maximum)
    }

    func drain(over duration: Duration) { held.drain(over: duration) }

    private func subscribe() {
        if waiters.hasNewReaders {
            let number = api.feed.subscribe(inbox)
            waiters.boards.number(number)
            waiters.looks.number(number)
            waiters.reads.number(number)
        }
        if waiters.checks.hasNew {
            waiters.checks.number(api.health.subscribe(inbox, limit: HealthWaiter.limit))
        }
    }

    private func answer(at now: Instant, _ deliveries: inout [Delivery]) {
        let snapshot = api.feed.snapshot
        held.synchronize(snapshot)
        waiters.boards.removeAnswered { waiter in
            guard let delivery = waiter.delivery(from: snapshot, at: now) else { return false }
            deliveries.append(delivery)
            return true
        }
        waiters.looks.removeAnswered { $0.look(at: snapshot, &deliveries, at: now) }
        waiters.reads.removeAnswered { $0.isAnswered(by: snapshot, at: now) }
        waiters.checks.removeAnswered { waiter in
            guard let delivery = waiter.delivery(at: now) else { return false }
            deliveries.append(delivery)
            return true
        }
    }
}
