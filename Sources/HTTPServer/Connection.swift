internal import Bytes
internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Time

/// One accepted connection. While it is idle, it owns this object and its descriptor, but no buffer.
struct Connection: ~Copyable {
    let descriptor: FileDescriptor
    /// Over `max_connections`; open only until its 503 has been sent.
    let isOverLimit: Bool
    var conversation: Conversation
    /// The interest registered with the poller. Nil until the connection is registered: one that is answered
    /// and closed at once never is.
    var interest: Interest?
    /// The earliest entry of the timer wheel for this connection.
    var timerEntry: Instant?
    /// Received bytes that are not consumed yet.
    var pending: [UInt8] = []
    var output = OutputQueue()
    /// Where the response to the current request comes from.
    var response = PendingResponse.none

    /// Where a response that is not ready comes from.
    enum PendingResponse {
        case none
        /// The body is being read. After that, this answer starts.
        case awaitsBody(Answer)
        /// A handler is running.
        case task(Task<Void, Never>)
        /// A waiter has been started. It stays until the end of a stream.
        case waiter(any Waiter)
    }

    init(
        descriptor: consuming FileDescriptor, remoteAddress: SocketAddress, limits: Limits,
        openedAt now: Instant, isOverLimit: Bool
    ) {
        self.descriptor = descriptor
        self.isOverLimit = isOverLimit
        conversation = Conversation(remoteAddress: remoteAddress, limits: limits, openedAt: now)
    }

    /// Whether the last send left output in the queue.
    var isBlocked: Bool { conversation.isOutputBlocked }

    /// Since when nothing has been received, sent or held; nil if something is.
    var idleSince: Instant? { pending.isEmpty && output.isEmpty ? conversation.idleSince : nil }

    /// Encodes the head of a response and its body, unless the body is too large to copy. Such a body is
    /// returned; the caller queues it.
    mutating func respond(
        _ response: Response, first piece: StreamPiece?, date: [UInt8], _ input: inout ReceivedBytes,
        at now: Instant
    ) -> [UInt8]? {
        output.encode { encoded in
            conversation.respond(response, first: piece, date: date, into: &encoded, &input, at: now)
        }
    }
}

/// Holds a connection in its slot. Each event accesses the connection once and passes it on, so that the
/// compiler checks exclusive access to its parts and the runtime does not have to.
final class ConnectionBox {
    var connection: Connection

    init(_ connection: consuming Connection) {
        self.connection = connection
    }
}
