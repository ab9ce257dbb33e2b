package import Time

extension Conversation {
    /// Takes received bytes: the first `count` of a chunk that the event loop lends until `reclaimChunk`.
    ///
    /// - Precondition: No chunk is lent, and `count` is within the chunk.
    package mutating func receive(_ chunk: consuming [UInt8], count: Int, at now: Instant) {
        precondition(lentChunk == nil && count >= 0 && count <= chunk.count)
        isFresh = false
        if phase == .idle && count > 0 && start == end { since = now }
        if phase < .closing {
            if start == end {
                bytes = chunk
                (start, end) = (0, Int32(count))
                borrowsChunk = true
            } else {
                bytes += chunk[..<count]
                end += Int32(count)
            }
        }
        lentChunk = consume chunk
    }

    /// Gives the lent chunk back, after `next` said `wait` and before anything else is received. What is not
    /// yet consumed of it is copied out.
    ///
    /// - Returns: Nil when no chunk is lent.
    package mutating func reclaimChunk() -> [UInt8]? {
        guard let chunk = lentChunk.take() else { return nil }
        if borrowsChunk { incoming?.detach() }
        if borrowsChunk || start > 0 {
            bytes = start == end ? [] : Array(bytes[Int(start)..<Int(end)])
            (start, end) = (0, end - start)
        }
        borrowsChunk = false
        return chunk
    }

    /// The peer has closed its side. What it sent before is still answered.
    package mutating func receiveEnd() {
        hasEnded = true
    }

    /// Whether the server should read. False is back-pressure: the output is blocked, the end has been read,
    /// or enough requests wait for their turn.
    package var wantsBytes: Bool {
        switch phase {
        case .closing, .finished, .closed: false
        case .asked, .answering, .refusing, .timedOut, .turnedAway:
            !hasEnded && !isOutputBlocked && Int(end - start) < limits.maximumHeaderBytes
        case .idle, .head, .body, .discarding, .lingering: !hasEnded && !isOutputBlocked
        }
    }

    /// Whether the connection is between requests, with nothing received and nothing to send.
    package var isIdle: Bool { phase == .idle && start == end && !hasOutput }

    /// Forgets what has been received: it is consumed, or will not be looked at.
    mutating func dropBytes() {
        start = end
        incoming = nil
        guard !borrowsChunk else { return }
        bytes = []
        (start, end) = (0, 0)
    }
}
