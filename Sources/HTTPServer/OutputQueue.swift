internal import EventLoop

/// An array that encodes output. A loop lends it to one connection at a time.
struct SpareBuffer: ~Copyable {
    var bytes: [UInt8] = []
}

/// The output of one connection: encoded bytes, then at most one body that is sent without being copied.
///
/// Owns no memory while it is empty: the array is borrowed from the loop, and returned once everything is
/// sent.
struct OutputQueue {
    /// The outcome of a send.
    enum Progress {
        /// The socket accepted everything.
        case all
        /// The socket accepted some bytes.
        case some
        /// The socket accepts nothing at the moment.
        case none
    }

    private var encoded: [UInt8] = []
    /// A body whose bytes other connections may share.
    private var body: [UInt8] = []
    /// The number of bytes sent of both.
    private var sent = 0

    /// Whether everything that was queued has been sent.
    var isEmpty: Bool { sent == encoded.count + body.count }

    /// The number of encoded bytes that are not sent yet.
    var encodedCount: Int { max(0, encoded.count - sent) }

    /// Whether this queue has an array to encode into.
    var hasBuffer: Bool { encoded.capacity > 0 }

    /// Lends the loop's array to a queue that has none.
    mutating func lend(_ spare: consuming SpareBuffer) {
        encoded = spare.bytes
    }

    /// Returns the array to the loop once everything is sent. Nil before that, or without an array.
    mutating func reclaim() -> SpareBuffer? {
        guard isEmpty, hasBuffer else { return nil }
        var spare = SpareBuffer()
        swap(&spare.bytes, &encoded)
        spare.bytes.removeAll(keepingCapacity: true)
        sent = 0
        return spare
    }

    /// Calls `encode` with the array to append to. The caller must not encode while a body is queued: the
    /// bytes would overtake it.
    mutating func encode<Result>(_ encode: (inout [UInt8]) -> Result) -> Result {
        precondition(body.isEmpty, "encoded bytes must not overtake a body")
        return encode(&encoded)
    }

    /// Queues a body that is sent without being copied.
    mutating func append(body bytes: [UInt8]) {
        precondition(body.isEmpty, "one body at a time")
        body = bytes
    }

    /// Sends what the socket accepts. Throws the socket's error, except EAGAIN.
    mutating func send(
        to descriptor: borrowing FileDescriptor, _ system: SystemCalls
    ) throws(SystemError) -> Progress {
        let count: Int
        do throws(SystemError) {
            count = try sendOnce(to: descriptor, system)
        } catch {
            if error.isBlocked { return .none }
            throw error
        }
        sent += count
        guard isEmpty else { return .some }
        sent = encoded.count
        body = []
        return .all
    }

    private func sendOnce(
        to descriptor: borrowing FileDescriptor, _ system: SystemCalls
    ) throws(SystemError) -> Int {
        if body.isEmpty { return try system.send(descriptor, encoded, from: sent) }
        if sent >= encoded.count { return try system.send(descriptor, body, from: sent - encoded.count) }
        return try system.send(descriptor, encoded, from: sent, then: body, from: 0)
    }
}
