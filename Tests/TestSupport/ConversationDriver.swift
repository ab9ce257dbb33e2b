import Bytes
package import HTTP
package import HTTPWire
package import Time

/// Drives a conversation as a connection loop does. The caller provides the received bytes and the time, and
/// reads the output. Tests and fuzzers share it.
package final class ConversationDriver {
    package private(set) var conversation: Conversation
    package var now: Instant
    package private(set) var output: [UInt8] = []
    /// The loop's read buffer. Nil while the conversation has it: from `receive` to the next `wait`.
    package private(set) var readBuffer: [UInt8]?
    /// The received bytes that were not consumed at the last `wait`.
    package private(set) var pending: [UInt8] = []
    private var input: ReceivedBytes?

    /// Overwrites the read buffer at each `wait`, as the bytes of other connections would.
    private static let foreign: UInt8 = 0xEE

    package init(limits: Limits, readBufferSize: Int = 65536) {
        let start = Instant(sinceBoot: .seconds(1000))
        now = start
        readBuffer = [UInt8](repeating: Self.foreign, count: readBufferSize)
        conversation = Conversation(
            remoteAddress: .version4(0x7F00_0001, port: 4711), limits: limits, openedAt: start)
    }

    package var wantsBytes: Bool { conversation.wantsBytes(pendingCount: pendingCount) }

    /// The number of received bytes that are not consumed.
    package var pendingCount: Int { input?.count ?? pending.count }

    /// Copies bytes into the read buffer, followed by garbage, which must not change the outcome. Both must
    /// fit into the buffer.
    package func receive(_ bytes: some Collection<UInt8>, garbage: [UInt8] = []) {
        settle()
        guard var buffer = readBuffer.take() else {
            preconditionFailure("the conversation did not return the read buffer")
        }
        buffer.replaceSubrange(0..<bytes.count, with: bytes)
        buffer.replaceSubrange(bytes.count..<bytes.count + garbage.count, with: garbage)
        conversation.bytesReceived(isFirst: pending.isEmpty, at: now)
        if pending.isEmpty {
            input = ReceivedBytes(consume buffer, count: bytes.count, isReadBuffer: true)
        } else {
            pending += buffer[..<bytes.count]
            readBuffer = consume buffer
        }
    }

    /// Returns the next step. After `wait`, the read buffer holds foreign bytes.
    package func next() -> Conversation.Step {
        var input = takeInput()
        let step = conversation.next(&input, at: now)
        if case .wait = step { keep(input) } else { self.input = consume input }
        return step
    }

    /// Encodes a response into the output. Returns its body if it was not copied there.
    package func respond(
        _ response: Response, first piece: StreamPiece? = nil, date: [UInt8]
    ) -> [UInt8]? {
        var input = takeInput()
        let body = conversation.respond(
            response, first: piece, date: date, into: &output, &input, at: now)
        self.input = consume input
        return body
    }

    package func append(_ piece: StreamPiece) { output += conversation.encoded(piece) }

    package func endStream(last piece: StreamPiece?) {
        conversation.endStream(last: piece, into: &output, at: now)
    }

    package func append(_ bytes: [UInt8]) { output += bytes }
    package func awaitResponse() { conversation.awaitResponse(at: now) }
    package func end() { conversation.receiveEnd() }
    package func drain() { conversation.drain() }
    package func expire() { conversation.expire(at: now) }
    package func rejectOverLimit() { conversation.rejectOverLimit() }
    package func outputDrained() { conversation.outputDrained(at: now) }
    package func outputBlocked() { conversation.outputBlocked(at: now) }
    package func outputProgressed() { conversation.outputProgressed(at: now) }

    /// Keeps the unconsumed bytes, as a loop does before it reads from another connection.
    private func settle() {
        if let input = input.take() { keep(input) }
    }

    private func takeInput() -> ReceivedBytes {
        if let input = input.take() { return input }
        var bytes: [UInt8] = []
        swap(&bytes, &pending)
        let count = bytes.count
        return ReceivedBytes(bytes, count: count, isReadBuffer: false)
    }

    private func keep(_ input: consuming ReceivedBytes) {
        pending = Array(input.rest)
        guard input.isReadBuffer else { return }
        var buffer = input.takeBytes()
        let dirty = min(buffer.count, 4096)
        buffer.replaceSubrange(0..<dirty, with: repeatElement(Self.foreign, count: dirty))
        readBuffer = consume buffer
    }
}
