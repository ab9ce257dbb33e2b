internal import Bytes
internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Time

/// One accepted connection, as its loop holds it. An idle one owns this object and nothing more.
final class Connection {
    let descriptor: FileDescriptor
    /// Over `max_connections`; open only until its 503 has been sent.
    let isOverLimit: Bool
    var conversation: Conversation
    /// What the poller watches for. Nil until it watches at all: a connection that is answered and closed
    /// at once is never registered.
    var interest: Interest?
    /// The earliest entry of the timer wheel for this connection.
    var timerEntry: Instant?
    /// Received bytes that are not consumed yet.
    var pending: [UInt8] = []
    var output = OutputQueue()
    /// How the current request is answered.
    var response = PendingResponse.none

    /// How a response that is not ready comes about.
    enum PendingResponse {
        case none
        /// The body is being read; then this answer is started.
        case awaitsBody(Answer)
        /// A handler is running.
        case task(Task<Void, Never>)
        /// A waiter has been started.
        case waiter
    }

    init(
        descriptor: consuming FileDescriptor, remoteAddress: SocketAddress, limits: Limits,
        openedAt now: Instant, isOverLimit: Bool
    ) {
        self.descriptor = descriptor
        self.isOverLimit = isOverLimit
        conversation = Conversation(remoteAddress: remoteAddress, limits: limits, openedAt: now)
    }

    /// Whether the socket took less than all output at the last try.
    var isBlocked: Bool { conversation.isOutputBlocked }

    /// Queues the head of a response, and its body unless that is returned, to be sent from where it is.
    func respond(
        _ response: Response, date: [UInt8], _ input: inout ReceivedBytes, at now: Instant
    ) -> [UInt8]? {
        output.encode { encoded in
            conversation.respond(response, date: date, into: &encoded, &input, at: now)
        }
    }
}
