import Access
import Broadcasts
import HTTP
import HTTPTypes
import Synchronization
import Time

extension API {
    /// GET and HEAD of the board, of a broadcaster and of a channel. All are cut from the one board that was
    /// read.
    ///
    /// The state is read, waited for (`Prefer: wait`) or followed (`Accept: text/event-stream`).
    func readBroadcasts(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        let identity = try authenticateOrAnonymous(request, &context)
        let part = try view(request, context)
        guard identity.mayRead(part) else { throw .accessDenied }
        let view = part.seen(by: identity)
        if context.rules.live.maximumListeners > 0 {
            if prefersEventStream(request) {
                return request.method == .head
                    ? .ready(LoggedResponse(StreamRequest.head))
                    : .stream(view, lastEventID: lastEventID(of: request))
            }
            if request.method == .get, let seconds = preferredWait(request) {
                return .wait(view, IfNoneMatch(request), seconds: seconds)
            }
        }
        let ifNoneMatch = IfNoneMatch(request)
        if let reading = feed.current(at: context.askedAt) {
            metrics.recordDump(since: context.askedAt)
            return .ready(response(reading, view, ifNoneMatch))
        }
        return .board(view, ifNoneMatch)
    }

    /// Returns what the path names. Throws 400 for an ID that breaks the rules.
    private func view(_ request: Request, _ context: RequestContext) throws(APIError) -> BoardView {
        switch context.route?.name {
        case .broadcaster: .broadcaster(try broadcasterID(request, context))
        case .broadcast: .channel(try broadcasterID(request, context), try channelID(request, context))
        default: .board
        }
    }

    /// Returns the channel that the path names. Throws 400 for an ID that breaks the rules.
    func channelName(_ request: Request, _ context: RequestContext) throws(APIError) -> ChannelName {
        try ChannelName(broadcasterID(request, context), channelID(request, context))
    }

    func broadcasterID(
        _ request: Request, _ context: RequestContext
    ) throws(APIError) -> BroadcasterID {
        guard let id = context.segments.text(at: 2, of: request).flatMap(BroadcasterID.init) else {
            throw .invalidBroadcasterID
        }
        return id
    }

    func channelID(_ request: Request, _ context: RequestContext) throws(APIError) -> ChannelID {
        guard let id = context.segments.text(at: 3, of: request).flatMap(ChannelID.init) else {
            throw .invalidChannelID
        }
        return id
    }

    /// Returns the response to a GET whose read has ended: the state, or 503. `start` is when the API
    /// received the request, for the StatsD timer.
    func response(
        to result: Result<Reading, BoardUnavailable>, _ view: BoardView, _ ifNoneMatch: IfNoneMatch?,
        since start: Instant
    ) -> LoggedResponse {
        switch result {
        case .success(let reading):
            metrics.recordDump(since: start)
            return response(reading, view, ifNoneMatch)
        case .failure(let error):
            return response(to: .storeFailed(error.cause))
        }
    }

    /// Returns the response with the state of a view: 200, 304, or 404 for an absent channel.
    func response(_ reading: Reading, _ view: BoardView, _ ifNoneMatch: IfNoneMatch?) -> LoggedResponse {
        var response = response(
            Self.content(of: view, on: reading.board), isBoard: view == .board, age: reading.age, ifNoneMatch)
        if case .ownChannel(let broadcasterID, let channelID) = view,
            let time = reading.board.announceAt(of: broadcasterID, channelID)
        {
            response.response.fields.append(.announceAt, announceTime(time))
        }
        return response
    }

    func response(
        _ content: Content, isBoard: Bool, age: Duration?, _ ifNoneMatch: IfNoneMatch?
    ) -> LoggedResponse {
        var response: LoggedResponse
        if content === Self.absentChannel {
            response = self.response(to: .notFound)
        } else {
            let fields = isBoard ? fieldsOfBoard(content) : ContentFields(content)
            let isCurrent = ifNoneMatch?.holds(fields.entityTag) ?? false
            response = LoggedResponse(
                Response(
                    status: isCurrent ? .notModified : .ok,
                    fields: isCurrent ? fields.notModified : fields.ok, body: content.body))
        }
        // RFC 9111 section 5.1: `Age` is in whole seconds.
        if let age {
            response.response.fields.append(.age, String(max(0, age.components.seconds)))
            metrics.recordStaleBoard()
        }
        return response
    }

    /// Returns the state of a view. An absent channel has the content of its 404.
    static func content(of view: BoardView, on board: Board) -> Content {
        switch view {
        case .board: board.content
        case .broadcaster(let id): board.content(of: id)
        case .channel(let id, let channelID): content(of: ChannelName(id, channelID), on: board)
        case .ownBroadcaster(let id): board.accepted.content(of: id)
        case .ownChannel(let id, let channelID):
            content(of: ChannelName(id, channelID), on: board.accepted)
        }
    }

    private static func content(of channel: ChannelName, on board: Board) -> Content {
        board.version(of: channel.broadcasterID, channel.channelID).map {
            Board.content(of: channel, version: $0)
        } ?? absentChannel
    }

    /// The state of a channel that does not exist: the body of its 404.
    static let absentChannel = Content(body: APIError.notFound.body)

    private func fieldsOfBoard(_ content: Content) -> ContentFields {
        boardFields.withLock { last in
            if let last, last.content === content { return last }
            let fields = ContentFields(content)
            last = fields
            return fields
        }
    }
}

extension Identity {
    /// Whether this identity may read a part of the board.
    func mayRead(_ view: BoardView) -> Bool {
        let owners: Set<String>
        switch self {
        case .reader, .anonymous: return true
        case .broadcaster(let id): owners = [id]
        case .scopedReader(_, let broadcasters): owners = broadcasters
        }
        return switch view {
        case .board: false
        case .broadcaster(let owner), .channel(let owner, _), .ownBroadcaster(let owner),
            .ownChannel(let owner, _):
            owners.contains(owner.text)
        }
    }
}

extension BoardView {
    /// Returns the part as an identity that may read it sees it: a broadcaster sees its latest versions, also
    /// those that are held.
    func seen(by identity: Identity) -> BoardView {
        guard case .broadcaster = identity else { return self }
        return switch self {
        case .broadcaster(let id): .ownBroadcaster(id)
        case .channel(let id, let channelID): .ownChannel(id, channelID)
        default: self
        }
    }
}

/// The response fields that depend on the content only.
final class ContentFields: Sendable {
    let content: Content
    let entityTag: [UInt8]
    let ok: FieldLines
    /// RFC 9110 section 15.4.5: a 304 carries the `ETag` and `Cache-Control` of the 200.
    let notModified: FieldLines

    init(_ content: Content) {
        self.content = content
        entityTag = Array(content.entityTag.utf8)
        notModified = FieldLines([.eTag: content.entityTag, .cacheControl: "no-cache"])
        ok = FieldLines([
            .contentType: jsonContentType, .eTag: content.entityTag, .cacheControl: "no-cache",
        ])
    }
}
