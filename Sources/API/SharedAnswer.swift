import Broadcasts
import HTTP
import Time

/// What the store is asked once for everybody who wants to know it at that moment.
enum SharedQuestion: Sendable {
    /// The board, for a client that may hold it already.
    case board(IfNoneMatch?)
    /// Whether the store works. The answer is due within a second; a tenth is left for all else.
    case health
}

/// A request that waits for the answer to a shared question, with what its answer and its log line need of
/// it. One object, because the functions on the way would each copy all of that.
final class SharedAnswer: Sendable {
    private let api: API
    private let question: SharedQuestion
    private let context: RequestContext
    /// Nil when no answer to it would be logged.
    private let fields: LoggedFields?

    init(_ api: API, _ question: SharedQuestion, _ context: RequestContext, _ fields: LoggedFields?) {
        self.api = api
        self.question = question
        self.context = context
        self.fields = fields
    }

    /// See `Answer.shared`.
    @Sendable func join(_ deliver: @escaping Answer.Deliver) -> Answer.SharedWork? {
        switch question {
        case .board(let ifNoneMatch):
            api.boards.read { [self] result in
                var reply = api.reply(to: result, ifNoneMatch, since: context.askedAt)
                finish(&reply, deliver)
            }
        case .health:
            api.boards.check(within: .milliseconds(900)) { [self] error in
                var reply = api.reply(toHealth: error)
                finish(&reply, deliver)
            }
        }
    }

    private func finish(_ reply: inout LoggedResponse, _ deliver: Answer.Deliver) {
        api.finish(&reply, context, at: api.clock.now) { fields }
        deliver(reply.response)
    }
}
