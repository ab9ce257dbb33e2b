internal import EventLoop

/// An array that encodes output. A loop lends it to one connection at a time.
struct SpareBuffer: ~Copyable {
    var bytes: [UInt8] = []
}

/// What one connection has to send: encoded bytes, then at most one body that is sent from where it is.
///
/// It owns no memory while it is empty: the array is the loop's spare one, and goes back once everything is
/// sent.
struct OutputQueue {
    /// A body that other connections may send too.
    private final class SharedBody {
        let bytes: [UInt8]
        var sent = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }
    }

    /// The outcome of a send.
    enum Progress {
        /// Everything is with the socket.
        case all
        /// The socket took some bytes.
        case some
        /// The socket takes nothing now.
        case none
    }

    private var encoded: [UInt8] = []
    private var sent = 0
    private var body: SharedBody?

    /// Whether everything that was queued has been sent.
    var isEmpty: Bool { sent == encoded.count && body == nil }

    /// How many encoded bytes wait.
    var encodedCount: Int { encoded.count - sent }

    /// Whether this queue has an array to encode into.
    var hasBuffer: Bool { encoded.capacity > 0 }

    /// Takes the loop's array, when the queue has none.
    mutating func lend(_ spare: consuming SpareBuffer) {
        encoded = spare.bytes
    }

    /// Gives the array back, once everything is sent. Nil when there is nothing to give.
    mutating func reclaim() -> SpareBuffer? {
        guard isEmpty, hasBuffer else { return nil }
        var spare = SpareBuffer()
        swap(&spare.bytes, &encoded)
        spare.bytes.removeAll(keepingCapacity: true)
        sent = 0
        return spare
    }

    /// Appends what `encode` appends to the array. Encoded bytes never overtake a body: the caller queues
    /// none while a body is waiting.
    mutating func encode<Result>(_ encode: (inout [UInt8]) -> Result) -> Result {
        precondition(body == nil, "encoded bytes must not overtake a body")
        return encode(&encoded)
    }

    /// Appends a body that is sent from where it is.
    mutating func append(body bytes: [UInt8]) {
        precondition(body == nil, "one body at a time")
        if !bytes.isEmpty { body = SharedBody(bytes) }
    }

    /// Sends what the socket takes. Throws what the socket reports, except that it takes nothing now.
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
        let encodedCount = min(count, encoded.count - sent)
        sent += encodedCount
        if let body {
            body.sent += count - encodedCount
            if body.sent == body.bytes.count { self.body = nil }
        }
        return isEmpty ? .all : .some
    }

    private func sendOnce(
        to descriptor: borrowing FileDescriptor, _ system: SystemCalls
    ) throws(SystemError) -> Int {
        guard let body else { return try system.send(descriptor, encoded, from: sent) }
        if sent == encoded.count { return try system.send(descriptor, body.bytes, from: body.sent) }
        return try system.send(descriptor, encoded, from: sent, then: body.bytes, from: body.sent)
    }
}
