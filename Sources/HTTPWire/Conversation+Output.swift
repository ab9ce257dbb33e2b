package import HTTP
package import Time

extension Conversation {
    /// Appends the response to the present request to the output. A response for a connection that has been
    /// given up
    /// is dropped.
    ///
    /// - Parameters:
    ///   - response: The response. Date, Content-Length and Connection are added here.
    ///   - date: `HTTPDate.render` of the present time.
    ///   - output: What the server sends.
    ///   - input: The received bytes that are not consumed yet.
    ///   - now: The present time.
    /// - Returns: A body of more than `largestCopiedBody` bytes: the server sends it after `output`, and
    ///   pulls no
    ///   further step before all of it is sent.
    package mutating func respond(
        _ response: Response, date: [UInt8], into output: inout [UInt8],
        _ input: inout ReceivedBytes, at now: Instant
    ) -> [UInt8]? {
        // A client that takes nothing of an earlier response may be given up while this one is being made.
        guard phase != .finished && phase != .closed else { return nil }
        precondition(phase == .asked || phase == .answering || phase == .refusing)
        guard let request = current.take() else { preconditionFailure("a response without a request") }
        let closes = request.isLast || closesConnection(input)
        let encoder = ResponseEncoder(
            persistence: closes ? .close : request.isHTTP10 ? .keepAlive : .implied,
            answersHead: request.isHead)
        encoder.appendHead(of: response, date: date, to: &output)
        hasOutput = true
        // While older output is blocked, its progress is what the deadline is about.
        if !isOutputBlocked { since = now }
        if closes {
            mayReceiveMore = !(request.isLastOfClient && input.isEmpty && incoming == nil)
            drop(&input)
            phase = .closing
        } else {
            phase = incoming == nil ? .idle : .discarding
        }
        guard encoder.sendsBody(of: response) else { return nil }
        guard response.body.count <= Self.largestCopiedBody else { return response.body }
        output += response.body
        return nil
    }

    /// Whether the connection ends with this response although the request allows more: the server is
    /// draining, it is unclear where the next request begins, or none can follow.
    private func closesConnection(_ input: borrowing ReceivedBytes) -> Bool {
        if isDraining { return true }
        guard let incoming else { return hasEnded && input.isEmpty }
        // RFC 9110 section 10.1.1: a client that was not told to continue may send its body or leave it.
        return incoming.awaitsContinue || incoming.isTooLarge
    }

    /// Reports that the socket took less than all there was. No step but closing follows until the output
    /// has drained.
    package mutating func outputBlocked(at now: Instant) {
        isOutputBlocked = true
        hasOutput = true
        since = now
    }

    /// Reports that the socket took some more of the output, and some is left.
    package mutating func outputProgressed(at now: Instant) {
        since = now
    }

    /// Reports that the socket has taken all output, also when it took everything at once. A connection
    /// that is to be closed is not closed before. Afterwards, `next` may have a step.
    package mutating func outputDrained(at now: Instant) {
        if isOutputBlocked { since = now }
        isOutputBlocked = false
        hasOutput = false
    }

    /// After the last response is sent: closing at once could reset the connection while the client still
    /// reads (RFC 9112 section 9.6).
    mutating func finishClosing(at now: Instant) -> Step {
        guard !hasOutput else { return .wait }
        since = now
        guard !hasEnded, mayReceiveMore else {
            phase = .closed
            return .close
        }
        phase = .lingering
        return .shutdownWrite
    }
}
