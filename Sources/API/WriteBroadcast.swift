import Access
import Broadcasts
import HTTP
import HTTPTypes
import Logging
import Synchronization
import Time

extension API {
    /// `PUT /v1/broadcasts/{broadcaster_id}/{bchannel_id}`: the body is the new version.
    ///
    /// Checked before the body is read: the token (401), the IDs (400), then the fields that change what the
    /// body means (400, 415) and `Urgency` (400). Checked after it: the version (400), the permission to
    /// write under this broadcaster ID (403), the precondition (412), the channel limit (409).
    func putBroadcast(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        let identity = try authenticate(request, &context)
        let channel = try channelName(request, context)
        try requireWholeContent(request)
        let isUrgent = try isUrgent(request)
        let precondition = precondition(of: request)
        let (rules, requestID) = (context.rules, context.requestID)
        return .deferred { [self] body, loop throws(APIError) in
            var change = Change(channel, .put(try version(body)), requestID: requestID)
            guard identity == .broadcaster(channel.broadcasterID.text) else { throw .accessDenied }
            change.precondition = precondition
            change.isMonotonic = rules.writes.monotonicChannels.contains(channel)
            change.interval = rules.writes.holdBack.interval(of: channel)
            change.isUrgent = isUrgent
            change.historyLimit = rules.writes.historyLimit
            return try await apply(change, loop)
        }
    }

    /// `DELETE /v1/broadcasts/{broadcaster_id}/{bchannel_id}`. A body is read and ignored: it has no meaning
    /// (RFC 9110 section 9.3.5).
    func deleteBroadcast(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        let identity = try authenticate(request, &context)
        let channel = try channelName(request, context)
        guard identity == .broadcaster(channel.broadcasterID.text) else { throw .accessDenied }
        var change = Change(channel, .delete, requestID: context.requestID)
        change.precondition = precondition(of: request)
        change.historyLimit = context.rules.writes.historyLimit
        return .deferred { [self, change] _, loop throws(APIError) in try await apply(change, loop) }
    }

    /// Runs the part of a handler that needs the body, and turns its error into a response.
    func run(
        _ rest: ([UInt8], LoopInbox) async throws(APIError) -> LoggedResponse, _ body: [UInt8],
        _ loop: LoopInbox
    ) async -> LoggedResponse {
        do {
            return try await rest(body, loop)
        } catch {
            return response(to: error)
        }
    }

    /// Requires that the body is the version itself: not a part of it, which `Content-Range` would say, and
    /// not encoded. Throws 400 or 415.
    private func requireWholeContent(_ request: Request) throws(APIError) {
        guard request.firstValue(of: .contentRange) == nil else { throw .contentRange }
        for value in request.values(of: .contentEncoding) {
            let codings = request.text(value).split { $0 == "," || $0 == " " || $0 == "\t" }
            guard codings.allSatisfy({ $0.lowercased() == "identity" }) else { throw .contentCoding }
        }
    }

    /// Returns whether the version must be announced at once (RFC 8030 section 5.3). Throws 400 for an
    /// unknown value: a mistyped revocation must not be held in silence.
    private func isUrgent(_ request: Request) throws(APIError) -> Bool {
        switch request.occurrence(of: .urgency) {
        case .absent: return false
        case .repeated: throw .urgency
        case .once(let value):
            switch request.text(value).lowercased() {
            case "high": return true
            case "very-low", "low", "normal": return false
            default: throw .urgency
            }
        }
    }

    private func version(_ body: [UInt8]) throws(APIError) -> Version {
        guard !body.isEmpty else { throw .emptyVersion }
        do {
            return try Version(bytes: body)
        } catch {
            throw .invalidVersion(error)
        }
    }

    /// Passes 19/20 of `write_deadline` to the store. The rest is for sending the response in time.
    private func apply(_ change: Change, _ loop: LoopInbox) async throws(APIError) -> LoggedResponse {
        let start = clock.now
        if change.mayCreate { try await refuseTooManyChannels(change, loop, since: start) }
        let outcome: ChangeOutcome
        do {
            outcome = try await feed.apply(change, deadline: start + configuration.writeDeadline * 19 / 20)
        } catch {
            throw .storeFailed(error)
        }
        switch outcome {
        case .absent: throw .notFound
        case .preconditionFailed(let entityTag):
            metrics.preconditionFailed()
            throw .preconditionFailed(entityTag: entityTag)
        case .outdated:
            metrics.putWasOutdated()
            logger.notice(
                """
                \(change.channel.text): a number smaller than the present one was not stored \
                (monotonic_channels), request \(change.requestID)
                """)
        default: break
        }
        if change.version != nil {
            metrics.recordUpdate(change, since: start)
            metrics.recordPut(outcome, isUrgent: change.isUrgent)
        }
        return response(to: outcome)
    }

    private func response(to outcome: ChangeOutcome) -> LoggedResponse {
        let status: HTTPResponse.Status = outcome == .created ? .created : .ok
        var response = LoggedResponse(status, json: Array(#"{"code":\#(status.code)}"#.utf8))
        if let time = outcome.announceAt.map(announceTime) {
            response.response.fields.append(.announceAt, time)
            response.message = "held until \(time)"
        }
        return response
    }

    /// Throws 409 for a new channel if the channels of the last read and those created through this node
    /// since reach `max_channels`. If the last read is older than one second, waits for a new one first; if
    /// that fails, the channel is accepted. This is a bound, not a quota: each node counts separately.
    private func refuseTooManyChannels(
        _ change: Change, _ loop: LoopInbox, since start: Instant
    ) async throws(APIError) {
        guard feed.channelCount(besides: change.channel) != nil else { return }
        let lastRead = feed.snapshot.lastGoodRead
        if let lastRead, lastRead.began.duration(to: start) > .seconds(1) {
            await loop.nextRead(until: start + feed.freshness.readDeadline)
            guard feed.snapshot.lastGoodRead?.number != lastRead.number else { return }
        }
        guard let count = feed.channelCount(besides: change.channel),
            count >= rules.writes.maximumChannels
        else { return }
        throw .tooManyChannels
    }
}
