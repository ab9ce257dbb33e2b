internal import HTTP
package import Time

extension Conversation {
    /// Takes received bytes: the first `count` of a read buffer that the event loop lends until
    /// `reclaimReadBuffer`.
    ///
    /// - Precondition: No read buffer is lent, and `count` is within the read buffer.
    package mutating func receive(_ readBuffer: consuming [UInt8], count: Int, at now: Instant) {
        precondition(lentReadBuffer == nil && count >= 0 && count <= readBuffer.count)
        hasReceivedNothing = false
        if phase == .idle && count > 0 && start == end { since = now }
        if phase < .closing {
            if start == end {
                bytes = readBuffer
                (start, end) = (0, Int32(count))
                borrowsReadBuffer = true
            } else {
                bytes += readBuffer[..<count]
                end += Int32(count)
            }
        }
        lentReadBuffer = consume readBuffer
    }

    /// Gives the lent read buffer back, after `next` said `wait` and before anything else is received. What
    /// is not yet consumed of it is copied out.
    ///
    /// - Returns: Nil when no readBuffer is lent.
    package mutating func reclaimReadBuffer() -> [UInt8]? {
        guard let readBuffer = lentReadBuffer.take() else { return nil }
        if borrowsReadBuffer { incoming?.detach() }
        if borrowsReadBuffer || start > 0 {
            bytes = start == end ? [] : Array(bytes[Int(start)..<Int(end)])
            (start, end) = (0, end - start)
        }
        borrowsReadBuffer = false
        return readBuffer
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
        case .asked, .answering, .refusing, .timedOut, .rejected:
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
        guard !borrowsReadBuffer else { return }
        bytes = []
        (start, end) = (0, 0)
    }
}
