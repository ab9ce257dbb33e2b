internal import Bytes
internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Time

/// One accepted connection, as its worker holds it. An idle one owns this object and nothing more.
final class Connection {
    /// Bytes the kernel would not take yet: what was encoded, then the shared bytes of a large body.
    ///
    /// An object of its own, because few connections ever have one.
    final class Unsent {
        let encoded: [UInt8]
        var encodedOffset = 0
        let body: [UInt8]
        var bodyOffset: Int
        /// An answer that was made meanwhile. It is encoded behind these bytes, never before.
        var late: Response?

        init(encoded: [UInt8], body: [UInt8], bodyOffset: Int) {
            self.encoded = encoded
            self.body = body
            self.bodyOffset = bodyOffset
        }

        var isEmpty: Bool { encodedOffset == encoded.count && bodyOffset == body.count }
    }

    let descriptor: FileDescriptor
    let remoteAddress: SocketAddress
    /// It is one too many, and is only here to be told so.
    let isOverLimit: Bool
    var conversation: Conversation
    /// What the poller watches for. It goes by edges while only reading is of interest.
    var interest = Interest(reading: true, byEdge: true)
    /// The earliest timerEntry the timer wheel holds for this connection.
    var timerEntry: Instant?
    var unsent: Unsent?
    /// How the current request is answered once its body is read.
    var deferred: Answer?
    /// The handler at work on the current request.
    var task: Task<Void, Never>?

    init(
        descriptor: consuming FileDescriptor, remoteAddress: SocketAddress, limits: Limits,
        openedAt now: Instant, isOverLimit: Bool
    ) {
        self.descriptor = descriptor
        self.remoteAddress = remoteAddress
        self.isOverLimit = isOverLimit
        conversation = Conversation(remoteAddress: remoteAddress, limits: limits, openedAt: now)
    }
}
