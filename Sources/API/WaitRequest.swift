import Broadcasts
import HTTP
import HTTPTypes
import Randomness
import Time

/// A GET with `Prefer: wait` (RFC 7240 section 4.3): answered when the answer differs from what the client
/// has, or at its time limit.
final class WaitRequest: HeldRequest {
    /// Nil if the client has no state of the resource.
    private let ifNoneMatch: IfNoneMatch?
    /// The preference in whole seconds, at most `max_wait`.
    private let seconds: Int
    private var hasClientEnded = false

    init(
        _ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?, _ view: BoardView,
        _ ifNoneMatch: IfNoneMatch?, seconds: Int
    ) {
        self.ifNoneMatch = ifNoneMatch.flatMap { $0.isEmptyTag ? nil : $0 }
        let maximum = context.rules.live.maximumWait
        self.seconds = min(seconds, Int(maximum.components.seconds))
        super.init(loop, context, fields, view, .wait)
    }

    override func look(
        _ outcome: Result<Reading, BoardUnavailable>, isFresh: Bool, _ deliveries: inout [Delivery],
        at now: Instant
    ) {
        let api = loop.api
        if let revocation {
            phase = .ended
            if let refusal = delivery(api.response(to: revocation), at: now) { deliveries.append(refusal) }
            return
        }
        if case .success(let reading) = outcome, seconds > 0, !hasClientEnded, !loop.held.isDraining,
            !isNews(API.content(of: view, on: reading.board))
        {
            // A little earlier at random, so that a fleet does not return at once.
            let limit = Duration.seconds(seconds) * (1 - api.random.fraction() / 16)
            if hold(until: context.askedAt + limit) { return }
            let retryAfter = 2 + Int(api.random.bits() % 9)
            let refusal = api.response(to: .tooManyListeners(retryAfter: retryAfter))
            return finish(refusal, &deliveries, at: now)
        }
        finish(
            api.response(to: outcome, view, ifNoneMatch, since: context.askedAt), &deliveries, at: now)
    }

    private func finish(_ response: LoggedResponse, _ deliveries: inout [Delivery], at now: Instant) {
        phase = .ended
        if let delivery = delivery(applied(response), at: now) { deliveries.append(delivery) }
    }

    /// Whether this state is an answer: neither 304 nor, for a client without a state, 404.
    private func isNews(_ content: Content) -> Bool {
        if content === API.absentChannel { return ifNoneMatch != nil }
        return !(ifNoneMatch?.holds(Array(content.entityTag.utf8)) ?? false)
    }

    override func stateChanged(_ audience: Audience, at now: Instant) -> Delivery? {
        guard let content = audience.content, isNews(content) else { return nil }
        let outcome = loop.api.feed.snapshot.heldOutcome(at: now)
        // A later read may have brought back the state that the client has.
        if case .success(let reading) = outcome, !isNews(API.content(of: view, on: reading.board)) {
            return nil
        }
        return answer(outcome, at: now)
    }

    /// The time limit of the wait stays.
    override func drain(at due: Instant) { super.drain(at: min(due, self.due)) }

    override func duePassed(at now: Instant) -> Delivery? { answerNow(at: now) }

    override func attend(at now: Instant) -> Delivery? {
        guard case .held = phase else { return nil }
        if let revocation { return answer(loop.api.response(to: revocation), at: now, isApplied: false) }
        return hasClientEnded ? answerNow(at: now) : nil
    }

    override func clientEnded() {
        hasClientEnded = true
        if case .held = phase { loop.held.attend(self) }
    }

    override func connectionClosed(_: ConnectionEnd) {
        hasClientEnded = true
        guard case .held = phase else { return }
        // Nothing is delivered any more, but the request is logged and counted.
        _ = answerNow(at: loop.api.clock.now)
    }

    /// Returns what a GET would get now.
    private func answerNow(at now: Instant) -> Delivery? {
        answer(loop.api.feed.snapshot.heldOutcome(at: now), at: now)
    }

    private func answer(_ outcome: Result<Reading, BoardUnavailable>, at now: Instant) -> Delivery? {
        let response =
            switch outcome {
            case .success(let reading): loop.api.response(reading, view, ifNoneMatch)
            case .failure(let error): loop.api.response(to: .storeFailed(error.cause))
            }
        return answer(response, at: now)
    }

    private func answer(_ response: LoggedResponse, at now: Instant, isApplied: Bool = true) -> Delivery? {
        leave()
        return delivery(isApplied ? applied(response) : response, at: now, wasHeld: true)
    }

    /// Adds the field that names the preference (RFC 7240 section 3).
    private func applied(_ response: LoggedResponse) -> LoggedResponse {
        var response = response
        response.response.fields.append(.preferenceApplied, "wait=\(seconds)")
        return response
    }
}
