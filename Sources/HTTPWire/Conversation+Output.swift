internal import Bytes
package import HTTP
package import Time

extension Conversation {
    /// Appends the response to the current request to the output. Drops it if the connection has timed out.
    ///
    /// - Parameters:
    ///   - response: The response. Date, the framing of the content and Connection are added here.
    ///   - piece: The first piece of a stream.
    ///   - date: `HTTPDate.render` of the current time.
    ///   - output: The bytes that the server sends.
    ///   - input: The received bytes that are not consumed yet.
    ///   - now: The current time.
    /// - Returns: A body of more than `largestCopiedBody` bytes, or nil. The server queues it
    ///   after `output`, and sends before it calls `next`, unless the output is blocked.
    package mutating func respond(
        _ response: Response, first piece: StreamPiece? = nil, date: [UInt8], into output: inout [UInt8],
        _ input: inout ReceivedBytes, at now: Instant
    ) -> [UInt8]? {
        // The connection may have timed out while this response was prepared, because the client accepted
        // nothing of an earlier one.
        guard phase != .finished && phase != .closed else { return nil }
        precondition(phase == .asked || phase == .answering || phase == .refusing)
        guard let request = current.take() else { preconditionFailure("a response without a request") }
        let closes = request.isLast || response.isStream || closesConnection(input)
        let encoder = ResponseEncoder(
            persistence: closes ? .close : request.isHTTP10 ? .keepAlive : .implied,
            answersHead: request.isHead, isChunked: response.isStream && !request.isHTTP10)
        encoder.appendHead(of: response, date: date, to: &output)
        hasOutput = true
        // While older output is blocked, the deadline counts from its last progress.
        if !isOutputBlocked { since = now }
        if closes {
            mayReceiveMore = !(request.isLastOfClient && input.isEmpty && incoming == nil)
            drop(&input)
            phase = .closing
        } else {
            phase = incoming == nil ? .idle : .discarding
        }
        guard encoder.sendsBody(of: response) else { return nil }
        guard response.isStream else { return append(response.body, to: &output) }
        phase = .streaming
        streamsInChunks = !request.isHTTP10
        return piece.flatMap { append(encoded($0), to: &output) }
    }

    /// Appends a body that is small enough to be copied, and returns any other.
    private func append(_ body: [UInt8], to output: inout [UInt8]) -> [UInt8]? {
        guard body.count <= Self.largestCopiedBody else { return body }
        output += body
        return nil
    }

    /// Whether a stream has begun and not ended.
    package var isStreaming: Bool { phase == .streaming }

    /// Returns the bytes of a piece of a stream, as this connection sends them.
    package func encoded(_ piece: StreamPiece) -> [UInt8] {
        streamsInChunks ? piece.chunk : Array(piece.chunk[piece.content])
    }

    /// Appends the last piece of a stream, if any, and the end of the response. The connection closes after
    /// it.
    package mutating func endStream(last piece: StreamPiece?, into output: inout [UInt8], at now: Instant) {
        precondition(phase == .streaming && !isOutputBlocked)
        if let piece { output += encoded(piece) }
        if streamsInChunks { output.append("0\r\n\r\n") }
        hasOutput = true
        since = now
        phase = .closing
    }

    /// Returns whether the connection ends with this response although the request allows more: the server is
    /// draining, the start of the next request is uncertain, or no further request can arrive.
    private func closesConnection(_ input: borrowing ReceivedBytes) -> Bool {
        if isDraining { return true }
        guard let incoming else { return hasEnded && input.isEmpty }
        // RFC 9110 section 10.1.1: a client that did not get a 100 may send its body or not.
        return incoming.awaitsContinue || incoming.isTooLarge
    }

    /// Reports that the socket has accepted only a part of the output. Until the output has drained, the only
    /// further step is `close`.
    package mutating func outputBlocked(at now: Instant) {
        isOutputBlocked = true
        hasOutput = true
        since = now
    }

    /// Reports that the socket has accepted some more of the output, but not all.
    package mutating func outputProgressed(at now: Instant) {
        since = now
    }

    /// Reports that the socket has accepted all output, also if it did so at once. A closing connection waits
    /// for this call. `next` may have a step afterwards.
    package mutating func outputDrained(at now: Instant) {
        if isOutputBlocked { since = now }
        isOutputBlocked = false
        hasOutput = false
    }

    /// Returns the step after the last response has been sent. If the client may still send, only the sending
    /// side is shut down: closing could reset the connection while the client still reads (RFC 9112 section
    /// 9.6).
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
