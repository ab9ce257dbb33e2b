package import HTTP
package import Time

extension Conversation {
    /// Appends the answer to the present request to the output. An answer that comes when the connection has
    /// been given up is dropped.
    ///
    /// - Parameters:
    ///   - response: The answer. Date, Content-Length and Connection are added here.
    ///   - date: `HTTPDate.render` of the present time.
    ///   - output: What the server sends.
    ///   - now: The present time.
    /// - Returns: A body of more than `largestCopiedBody` bytes: the server sends it after `output`, and asks
    ///   for no further step before all of it is out.
    package mutating func respond(
        _ response: consuming Response, date: [UInt8], into output: inout [UInt8],
        at now: Instant
    ) -> [UInt8]? {
        // A client that takes nothing of an earlier answer may be given up while this one is being made.
        guard phase != .finished && phase != .closed else { return nil }
        precondition(phase == .asked || phase == .answering || phase == .refusing)
        let closes = closesConnection
        let encoder = ResponseEncoder(
            persistence: closes ? .close : speaksHTTP10 ? .keepAlive : .implied, answersHead: answersHead)
        encoder.appendHead(of: response, date: date, to: &output)
        hasOutput = true
        since = now
        if closes {
            dropBytes()
            phase = .closing
        } else {
            phase = incoming == nil ? .idle : .discarding
        }
        guard encoder.sendsBody(of: response) else { return nil }
        guard response.body.count <= Self.largestCopiedBody else { return response.body }
        output += response.body
        return nil
    }

    /// Whether the connection ends with this answer: the client or the server wants it, or it would be
    /// unclear where the next request begins, or none can follow.
    private var closesConnection: Bool {
        if closesAfterAnswer || isDraining { return true }
        guard let incoming else { return hasEnded && start == end }
        // RFC 9110 section 10.1.1: a client that was not told to continue may send its body or leave it.
        return incoming.awaitsContinue || incoming.isTooLarge
    }

    /// The socket took less than all there was. No step but closing follows until the output has drained.
    package mutating func outputBlocked(at now: Instant) {
        isOutputBlocked = true
        hasOutput = true
        since = now
    }

    /// The socket took some more of the output, and some is left.
    package mutating func outputProgressed(at now: Instant) {
        since = now
    }

    /// All output is with the socket. To be called whenever that comes true, also when the socket took all at
    /// once: a connection that is to be closed is not closed before. Then `next` may have a step.
    package mutating func outputDrained(at now: Instant) {
        if isOutputBlocked { since = now }
        isOutputBlocked = false
        hasOutput = false
    }

    /// After the last answer is sent: closing at once could reset the connection while the client still reads
    /// (RFC 9112 section 9.6).
    mutating func finishClosing(at now: Instant) -> Step {
        guard !hasOutput else { return .wait }
        since = now
        guard !hasEnded else {
            phase = .closed
            return .close
        }
        phase = .lingering
        return .shutdownWrite
    }
}
