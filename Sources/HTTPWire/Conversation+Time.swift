internal import HTTP
package import Time

extension Conversation {
    /// When `expire` must be called. Nil while a response is awaited, whose deadline is the handler's, and
    /// when the next step does not wait.
    package var deadline: Instant? {
        if isOutputBlocked && phase != .finished && phase != .closed { return since + limits.bodyTimeout }
        return switch phase {
        case .idle: since + (hasReceivedNothing ? limits.headerTimeout : limits.keepAlive)
        case .head: since + limits.headerTimeout
        case .body, .discarding, .closing: since + limits.bodyTimeout
        case .lingering: since + Self.lingerTimeout
        case .asked, .answering, .refusing, .streaming, .timedOut, .overLimit, .finished, .closed: nil
        }
    }

    /// Since when the connection has been idle: no byte of a request has been received since the connection
    /// was opened or the last response was sent. Nil if it is not idle.
    package var idleSince: Instant? {
        phase == .idle && !hasOutput && !hasEnded ? since : nil
    }

    /// Handles a passed deadline. An incomplete request gets a 408 unless the output is blocked; any other
    /// connection is closed without a response. Does nothing before the deadline.
    package mutating func expire(at now: Instant) {
        guard let deadline, deadline <= now else { return }
        let isInRequest = phase == .head || phase == .body
        phase = isInRequest && !isOutputBlocked ? .timedOut : .finished
    }

    /// Begins to drain: an idle connection closes, one with a request closes after its response.
    package mutating func drain() {
        isDraining = true
    }
}
