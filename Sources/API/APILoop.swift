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
    private let inbox: LoopInbox
    private var waiters = Waiters()

    private struct Waiters {
        var boards = WaiterQueue<BoardWaiter>()
        var reads = WaiterQueue<ReadRequest>()
        var checks = WaiterQueue<HealthWaiter>()

        var isEmpty: Bool { boards.isEmpty && reads.isEmpty && checks.isEmpty }
    }

    init(_ api: API, _ mailbox: any Mailbox) {
        self.api = api
        inbox = LoopInbox(mailbox)
    }

    func answer(_ request: Request) -> Answer {
        var context = RequestContext(
            request, requestID: api.requestIDs.id(of: request), askedAt: api.clock.now)
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
        case .board(let ifNoneMatch):
            return .waiting(BoardWaiter(self, context, fieldsForLater(request), ifNoneMatch))
        case .health:
            return .waiting(HealthWaiter(self, context, fieldsForLater(request)))
        }
    }

    func response(
        to refusal: Refusal, of request: Request?, from remoteAddress: SocketAddress
    ) -> Response {
        var response = api.response(to: .refused(refusal))
        guard let request else {
            let context = RequestContext(requestID: api.requestIDs.next(), askedAt: api.clock.now)
            api.finish(&response, context, at: context.askedAt) { LoggedFields(remoteAddress) }
            return response.response
        }
        let context = RequestContext(
            request, requestID: api.requestIDs.id(of: request), askedAt: api.clock.now)
        api.finish(&response, context, at: context.askedAt) { LoggedFields(request) }
        return response.response
    }

    private func handle(_ request: Request, _ context: inout RequestContext) -> Handling {
        do throws(APIError) {
            guard let route = context.route else { throw .notFound }
            return try route.handler(of: request.method)(api, request, &context)
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

    func endTurn(_ deliveries: inout [Delivery]) -> Instant? {
        for request in inbox.takeRequests() { waiters.reads.append(request) }
        guard !waiters.isEmpty else { return nil }
        subscribe()
        let now = api.clock.now
        if inbox.takeSignal() || waiters.boards.isDue(at: now) || waiters.reads.isDue(at: now) {
            answer(at: now, &deliveries)
        }
        return [waiters.boards.deadline, waiters.reads.deadline].compactMap(\.self).min()
    }

    private func subscribe() {
        if waiters.boards.hasNew || waiters.reads.hasNew {
            let number = api.feed.subscribe(inbox)
            waiters.boards.number(number)
            waiters.reads.number(number)
        }
        if waiters.checks.hasNew {
            waiters.checks.number(api.health.subscribe(inbox, limit: HealthWaiter.limit))
        }
    }

    private func answer(at now: Instant, _ deliveries: inout [Delivery]) {
        let snapshot = api.feed.snapshot
        waiters.boards.removeAnswered { waiter in
            guard let delivery = waiter.delivery(from: snapshot, at: now) else { return false }
            deliveries.append(delivery)
            return true
        }
        waiters.reads.removeAnswered { $0.isAnswered(by: snapshot, at: now) }
        waiters.checks.removeAnswered { waiter in
            guard let delivery = waiter.delivery(at: now) else { return false }
            deliveries.append(delivery)
            return true
        }
    }
}
