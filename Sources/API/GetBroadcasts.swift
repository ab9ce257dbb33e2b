import Broadcasts
import HTTPTypes
import HTTPWire
import Synchronization

extension API {
    /// `GET /v1/broadcasts`: the whole board.
    func getBroadcasts(_ context: inout RequestContext) throws(APIError) -> Handling {
        try authorizeReaderOrAnonymous(&context)
        let ifNoneMatch = IfNoneMatch(context.request)
        if let reading = boards.current(at: context.now) {
            metrics.recordDump(since: context.now)
            return .ready(reply(reading, ifNoneMatch))
        }
        return .deferred { [self, start = context.now] _ throws(APIError) in
            let reading = try await read()
            metrics.recordDump(since: start)
            return reply(reading, ifNoneMatch)
        }
    }

    private func read() async throws(APIError) -> BoardReader.Reading {
        do {
            return try await boards.read()
        } catch {
            throw .storeFailed(error.cause)
        }
    }

    private func reply(_ reading: BoardReader.Reading, _ ifNoneMatch: IfNoneMatch?) -> Reply {
        let board = reading.board
        let isHeld = ifNoneMatch?.holds(board.entityTag) ?? false
        var fields = fields(of: board, notModified: isHeld)
        // RFC 9111 section 5.1: whole seconds.
        if let age = reading.age { fields.append(.age, String(max(0, age.components.seconds))) }
        return Reply(Response(status: isHeld ? .notModified : .ok, fields: fields, body: board.body))
    }

    /// The fields that are the same in all answers with one board, rendered once for each.
    private func fields(of board: Board, notModified: Bool) -> FieldLines {
        renderedFields.withLock { rendered in
            let current = rendered.flatMap { $0.board === board ? $0 : nil } ?? BoardFields(board)
            rendered = current
            return notModified ? current.notModified : current.ok
        }
    }
}

/// The constant fields of the answers with one board.
struct BoardFields: Sendable {
    let board: Board
    let ok: FieldLines
    /// RFC 9110 section 15.4.5: what a 200 would have said of caching, and the tag.
    let notModified: FieldLines

    init(_ board: Board) {
        self.board = board
        notModified = FieldLines([.eTag: board.entityTag, .cacheControl: "no-cache"])
        ok = FieldLines([
            .contentType: jsonContentType, .eTag: board.entityTag, .cacheControl: "no-cache",
        ])
    }
}
