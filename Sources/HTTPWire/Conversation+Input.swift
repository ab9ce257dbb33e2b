internal import HTTP
package import Time

extension Conversation {
    /// Reports that bytes have arrived, before `next` is given them.
    ///
    /// - Parameter isFirst: Whether no earlier bytes of the connection are left to be consumed.
    package mutating func bytesReceived(isFirst: Bool, at now: Instant) {
        hasReceivedNothing = false
        if phase == .idle && isFirst { since = now }
    }

    /// Reports that the peer has closed its sending side. What it sent before is still answered.
    package mutating func receiveEnd() {
        hasEnded = true
    }

    /// Whether the server should read. False is back-pressure: the output is blocked, the end has been
    /// read, or
    /// enough bytes wait for their turn.
    ///
    /// - Parameter pendingCount: How many received bytes are not consumed yet.
    package func wantsBytes(pendingCount: Int) -> Bool {
        switch phase {
        case .closing, .finished, .closed: false
        case .asked, .answering, .refusing, .timedOut, .overLimit:
            !hasEnded && !isOutputBlocked && pendingCount < limits.maximumHeaderBytes
        case .idle, .head, .body, .discarding, .lingering: !hasEnded && !isOutputBlocked
        }
    }

    /// Forgets what has been received: it is consumed, or will not be looked at.
    mutating func drop(_ input: inout ReceivedBytes) {
        input.drop()
        incoming = nil
    }
}
