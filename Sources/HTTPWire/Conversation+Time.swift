internal import HTTP
package import Time

extension Conversation {
    /// When `expire` must be called, or nil while only the handler is waited for, whose deadlines are its
    /// own.
    package var deadline: Instant? {
        if isOutputBlocked && phase != .finished && phase != .closed { return since + limits.bodyTimeout }
        return switch phase {
        case .idle: since + (hasReceivedNothing ? limits.headerTimeout : limits.keepAlive)
        case .head: since + limits.headerTimeout
        case .body, .discarding, .closing: since + limits.bodyTimeout
        case .lingering: since + Self.lingerTimeout
        case .asked, .answering, .refusing, .timedOut, .overLimit, .finished, .closed: nil
        }
    }

    /// The deadline has passed: an unfinished request is refused, anything else is closed without a word.
    /// Does nothing before the deadline.
    package mutating func expire(at now: Instant) {
        guard let deadline, deadline <= now else { return }
        let isInRequest = phase == .head || phase == .body
        phase = isInRequest && !isOutputBlocked ? .timedOut : .finished
    }

    /// The server is shutting down: an idle connection closes, one with a request closes after the answer.
    package mutating func drain() {
        isDraining = true
    }
}
