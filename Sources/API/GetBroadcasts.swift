import Broadcasts
import HTTP
import HTTPTypes
import Synchronization
import Time

extension API {
    /// `GET /v1/broadcasts`: the whole board.
    func getBroadcasts(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        try authorizeReaderOrAnonymous(request, &context)
        let ifNoneMatch = IfNoneMatch(request)
        if let reading = feed.current(at: context.askedAt) {
            metrics.recordDump(since: context.askedAt)
            return .ready(response(reading, ifNoneMatch))
        }
        return .board(ifNoneMatch)
    }

    /// Returns the response to a GET whose read has ended: the board, or 503. `start` is when the API
    /// received the request, for the StatsD timer.
    func response(
        to result: Result<Reading, BoardUnavailable>, _ ifNoneMatch: IfNoneMatch?,
        since start: Instant
    ) -> LoggedResponse {
        switch result {
        case .success(let reading):
            metrics.recordDump(since: start)
            return response(reading, ifNoneMatch)
        case .failure(let error):
            return response(to: .storeFailed(error.cause))
        }
    }

    private func response(_ reading: Reading, _ ifNoneMatch: IfNoneMatch?) -> LoggedResponse {
        let boardFields = fields(of: reading.board)
        let isHeld = ifNoneMatch?.holds(boardFields.entityTag) ?? false
        var fields = isHeld ? boardFields.notModified : boardFields.ok
        // RFC 9111 section 5.1: `Age` is in whole seconds.
        if let age = reading.age {
            fields.append(.age, String(max(0, age.components.seconds)))
            metrics.recordStaleBoard()
        }
        return LoggedResponse(
            Response(status: isHeld ? .notModified : .ok, fields: fields, body: reading.board.body))
    }

    private func fields(of board: Board) -> BoardFields {
        boardFields.withLock { last in
            if let last, last.board === board { return last }
            let fields = BoardFields(board)
            last = fields
            return fields
        }
    }
}

/// The response fields that depend on the board only, encoded once for each board.
final class BoardFields: Sendable {
    let board: Board
    let entityTag: [UInt8]
    let ok: FieldLines
    /// RFC 9110 section 15.4.5: a 304 carries the `ETag` and `Cache-Control` of the 200.
    let notModified: FieldLines

    init(_ board: Board) {
        self.board = board
        entityTag = Array(board.entityTag.utf8)
        notModified = FieldLines([.eTag: board.entityTag, .cacheControl: "no-cache"])
        ok = FieldLines([
            .contentType: jsonContentType, .eTag: board.entityTag, .cacheControl: "no-cache",
        ])
    }
}
