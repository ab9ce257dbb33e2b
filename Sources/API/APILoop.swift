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
    private var boardWaiters = WaiterQueue<BoardWaiter>()
    private var readRequests = WaiterQueue<ReadRequest>()
    private var healthWaiters = WaiterQueue<HealthWaiter>()
    private var hasWaiters = false

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

    func add(_ waiter: BoardWaiter) {
        boardWaiters.append(waiter)
        hasWaiters = true
    }

    func add(_ waiter: HealthWaiter) {
        healthWaiters.append(waiter)
        hasWaiters = true
    }

    private func add(_ request: ReadRequest) {
        readRequests.append(request)
        hasWaiters = true
    }

    func endTurn(_ deliveries: inout [Delivery]) -> Instant? {
        for request in inbox.takeRequests() { add(request) }
        guard hasWaiters else { return nil }
        subscribe()
        let now = api.clock.now
        if inbox.takeSignal() || boardWaiters.isDue(at: now) || readRequests.isDue(at: now) {
            answer(at: now, &deliveries)
        }
        hasWaiters = !boardWaiters.isEmpty || !readRequests.isEmpty || !healthWaiters.isEmpty
        return [boardWaiters.deadline, readRequests.deadline].compactMap(\.self).min()
    }

    private func subscribe() {
        if boardWaiters.hasNew || readRequests.hasNew {
            let number = api.feed.subscribe(inbox)
            boardWaiters.number(number)
            readRequests.number(number)
        }
        if healthWaiters.hasNew {
            healthWaiters.number(api.health.subscribe(inbox, limit: HealthWaiter.limit))
        }
    }

    private func answer(at now: Instant, _ deliveries: inout [Delivery]) {
        let snapshot = api.feed.snapshot
        boardWaiters.removeAnswered { waiter in
            guard let delivery = waiter.delivery(from: snapshot, at: now) else { return false }
            deliveries.append(delivery)
            return true
        }
        readRequests.removeAnswered { $0.isAnswered(by: snapshot, at: now) }
        healthWaiters.removeAnswered { waiter in
            guard let delivery = waiter.delivery(at: now) else { return false }
            deliveries.append(delivery)
            return true
        }
    }
}
