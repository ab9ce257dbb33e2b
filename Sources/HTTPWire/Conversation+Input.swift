internal import HTTP
package import Time

extension Conversation {
    /// Reports that bytes have arrived. Called before `next` gets them. `isFirst` means that the connection
    /// has no earlier bytes that are not consumed yet.
    package mutating func bytesReceived(isFirst: Bool, at now: Instant) {
        hasReceivedNothing = false
        if phase == .idle && isFirst { since = now }
    }

    /// Reports that the peer has closed its sending side. Requests received before are still answered.
    package mutating func receiveEnd() {
        hasEnded = true
    }

    /// Returns whether the server should read. False if the output is blocked or enough bytes are pending
    /// (back-pressure), and if the end of the stream has been read or the connection is closing.
    /// `pendingCount` is the number of received bytes that are not consumed yet.
    package func wantsBytes(pendingCount: Int) -> Bool {
        switch phase {
        case .streaming, .closing, .finished, .closed: false
        case .asked, .answering, .refusing, .timedOut, .overLimit:
            !hasEnded && !isOutputBlocked && pendingCount < limits.maximumHeaderBytes
        case .idle, .head, .body, .discarding, .lingering: !hasEnded && !isOutputBlocked
        }
    }

    /// Drops the received bytes, and the body that is being read.
    mutating func drop(_ input: inout ReceivedBytes) {
        input.drop()
        incoming = nil
    }
}
