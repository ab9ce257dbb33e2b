import Broadcasts
import HTTP
import HTTPTypes
import Randomness
import Time

/// A GET that follows a resource: a stream of server-sent events (HTML, section 9.2).
final class StreamRequest: HeldRequest {
    /// The state that the client had before; nil if it has none, and once it has been compared.
    private var lastEventID: String?
    /// The audience's number of the state that was sent last; 0 while the client waits until the store
    /// answers.
    private var sent = 0
    /// The state that was sent last, and the one before it, which is the last one if the piece was dropped.
    private var sentState: (number: Int, fingerprint: UInt64)?
    private var previousState: (number: Int, fingerprint: UInt64)?
    private var lastEvent: Instant
    private var endsAt: Instant
    private var end = StreamEnd.age
    /// What was delivered last, so that it is known which piece was dropped.
    private var lastPiece = Piece.other
    /// Whether an earlier piece is still being sent.
    private var isBlocked = false
    /// The end of the stream was dropped and must be sent again.
    private var mustEnd = false

    private enum Piece {
        case state, end, other
    }

    /// The response to HEAD, and the beginning of a stream.
    static let head: Response = {
        var response = Response(
            status: .ok,
            fields: FieldLines([
                .contentType: "text/event-stream", .cacheControl: "no-store, no-transform",
                .xAccelBuffering: "no",
            ]))
        response.isStream = true
        return response
    }()

    init(
        _ loop: APILoop, _ context: RequestContext, _ fields: LoggedFields?, _ view: BoardView,
        lastEventID: String?
    ) {
        self.lastEventID = lastEventID
        lastEvent = context.askedAt
        endsAt = context.askedAt
        super.init(loop, context, fields, view, .stream)
    }

    // MARK: - The beginning

    override func look(
        _ outcome: Result<Reading, BoardUnavailable>, isFresh: Bool, _ deliveries: inout [Delivery],
        at now: Instant
    ) {
        guard let ticket, case .looking = phase else { return log(.gone, at: now) }
        if let revocation {
            phase = .ended
            if let refusal = delivery(loop.api.response(to: revocation), at: now) {
                deliveries.append(refusal)
            }
            return
        }
        let (content, state) = presentState(outcome, isFresh: isFresh)
        let begin =
            EventText.retry(loop.api.random.duration(in: .seconds(2) ... .seconds(5)))
            + (state ?? EventText.keepAlive(age: age(at: now)))
        var head = Self.head
        loop.api.addFields(of: context, to: &head)
        loop.api.metrics.streamOpened()
        if state != nil { loop.held.statesSent += 1 }
        deliveries.append(Delivery(to: ticket, head, first: StreamPiece(begin)))
        lastEvent = now
        endsAt = now + live.maximumAge * (0.8 + loop.api.random.fraction() / 5)
        if loop.held.isDraining {
            end = .drain
        } else if hold(until: min(endsAt, now + live.keepAlive)) {
            return join(content)
        } else {
            end = .excess
        }
        phase = .ended
        lastPiece = .end
        deliveries.append(Delivery(endOf: ticket, last: lastBlock))
        close(end, at: now)
    }

    /// Returns the state that the client has after the first event, and that state as an event. The event is
    /// nil if the client has it already. Both are nil if the store fails and the client may have a later one.
    private func presentState(
        _ outcome: Result<Reading, BoardUnavailable>, isFresh: Bool
    ) -> (content: Content?, event: [UInt8]?) {
        guard case .success(let reading) = outcome, isFresh || lastEventID == nil else { return (nil, nil) }
        let content = API.content(of: view, on: reading.board)
        if let lastEventID, lastEventID.utf8.elementsEqual(content.id.utf8) { return (content, nil) }
        return (content, EventText.state(content))
    }

    /// Notes the state that the client has.
    private func join(_ content: Content?) {
        guard case .held(let audience) = phase else { return }
        if let content {
            sentState = (audience.number, content.fingerprint)
            sent = audience.number
            lastEventID = nil
        } else {
            loop.held.beginRecovery(audience)
        }
    }

    // MARK: - Events

    override func stateChanged(_ audience: Audience, at now: Instant) -> Delivery? {
        guard case .held = phase, !isBlocked, let ticket, let content = audience.content else { return nil }
        if sent == 0 {
            guard let number, loop.api.feed.snapshot.hasBoard(ofRead: number) else { return nil }
            loop.held.endRecovery(audience)
            sent = audience.number
            let isKnown = lastEventID.map { $0.utf8.elementsEqual(content.id.utf8) } ?? false
            if isKnown { sentState = (audience.number, content.fingerprint) }
            lastEventID = nil
        }
        // The last state may have come back while the client was not told of the one between.
        if let sentState, sentState.fingerprint == content.fingerprint {
            sent = audience.number
            return nil
        }
        loop.api.metrics.recordSkippedStates(
            sentState.map { max(0, audience.number - $0.number - 1) } ?? 0)
        loop.held.statesSent += 1
        previousState = sentState
        sentState = (audience.number, content.fingerprint)
        sent = audience.number
        lastEvent = now
        lastPiece = .state
        return Delivery(to: ticket, piece: audience.stateEvent(content))
    }

    override func duePassed(at now: Instant) -> Delivery? {
        guard now < endsAt else { return finish(end, at: now) }
        let keepAlive = live.keepAlive
        var delivery: Delivery?
        if let ticket, lastEvent + keepAlive <= now {
            lastEvent = now
            lastPiece = .other
            delivery = Delivery(
                to: ticket, piece: StreamPiece(EventText.keepAlive(age: age(at: now))))
        }
        loop.held.reschedule(self, to: min(endsAt, lastEvent + keepAlive))
        return delivery
    }

    override func drain(at due: Instant) {
        endsAt = due
        end = .drain
        super.drain(at: due)
    }

    override func attend(at now: Instant) -> Delivery? {
        if mustEnd {
            mustEnd = false
            return ticket.map { Delivery(endOf: $0, last: lastBlock) }
        }
        guard case .held(let audience) = phase else { return nil }
        return revocation == nil ? stateChanged(audience, at: now) : finish(.revoked, at: now)
    }

    override func pieceDropped() {
        isBlocked = true
        switch lastPiece {
        case .state:
            sentState = previousState
            // A keep-alive of the same turn may have been dropped too.
            lastPiece = .other
            loop.held.stateDropped()
        case .end: mustEnd = true
        case .other: break
        }
    }

    override func outputDrained() {
        isBlocked = false
        switch phase {
        case .held: loop.held.attend(self)
        case .ended where mustEnd: loop.held.attend(self)
        case .ended, .looking: break
        }
    }

    override func connectionClosed(_ reason: ConnectionEnd) {
        mustEnd = false
        guard case .held(let audience) = phase else {
            phase = .ended
            return
        }
        leave(audience)
        let end: StreamEnd =
            switch reason {
            case .gone: .gone
            case .slow: .slow
            case .shutdown: .drain
            }
        close(end, at: loop.api.clock.now)
    }

    // MARK: - The end

    private func finish(_ end: StreamEnd, at now: Instant) -> Delivery? {
        guard let ticket, case .held(let audience) = phase else { return nil }
        self.end = end
        leave(audience)
        close(end, at: now)
        lastPiece = .end
        return Delivery(endOf: ticket, last: lastBlock)
    }

    private func leave(_ audience: Audience) {
        if sent == 0 { loop.held.endRecovery(audience) }
        leave()
    }

    /// The last block, which says when to reconnect. Nil for a client that is not welcome.
    private var lastBlock: StreamPiece? {
        let bounds: ClosedRange<Duration>
        switch end {
        case .age: bounds = .milliseconds(500) ... .milliseconds(1500)
        case .drain:
            let spread = max(3000, 2 * loop.held.listenersAtDrain)
            bounds = .seconds(3) ... .milliseconds(3000 + spread)
        case .excess: bounds = .seconds(10) ... .seconds(20)
        case .revoked, .slow, .gone: return nil
        }
        return StreamPiece(EventText.retry(loop.api.random.duration(in: bounds)))
    }

    /// Counts and logs the end of a stream that had begun.
    private func close(_ end: StreamEnd, at now: Instant) {
        loop.api.metrics.streamClosed(end)
        log(end, at: now)
    }

    private func log(_ end: StreamEnd, at now: Instant) {
        let response = LoggedResponse(Self.head, message: "stream ended: \(end)")
        loop.api.record(response, context, at: now, wasHeld: true) { fields }
    }

    /// The time since the last good read began; nil before the first.
    private func age(at now: Instant) -> Duration? {
        loop.api.feed.snapshot.lastGoodRead.map { $0.began.duration(to: now) }
    }
}
