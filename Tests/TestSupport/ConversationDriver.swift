import Bytes
package import HTTP
package import HTTPWire
package import Time

/// Drives a conversation as a server's loop does, with the received bytes, the time and the output in the
/// caller's hands. Tests and fuzzers share it.
package final class ConversationDriver {
    package private(set) var conversation: Conversation
    package var now: Instant
    package private(set) var output: [UInt8] = []
    /// The loop's read buffer. Nil between a receipt and the next wait.
    package private(set) var readBuffer: [UInt8]?
    /// What the last wait left of the received bytes.
    package private(set) var pending: [UInt8] = []
    private var input: ReceivedBytes?

    /// What the read buffer is overwritten with once the conversation waits: other connections' bytes.
    private static let foreign: UInt8 = 0xEE

    package init(limits: Limits, readBufferSize: Int = 65536) {
        let start = Instant(sinceBoot: .seconds(1000))
        now = start
        readBuffer = [UInt8](repeating: Self.foreign, count: readBufferSize)
        conversation = Conversation(
            remoteAddress: .version4(0x7F00_0001, port: 4711), limits: limits, openedAt: start)
    }

    package var wantsBytes: Bool { conversation.wantsBytes(pendingCount: pendingCount) }

    /// How many received bytes are not consumed.
    package var pendingCount: Int { input?.count ?? pending.count }

    /// Puts bytes into the read buffer, with others behind them that must make no difference. At most as
    /// many as the buffer holds.
    package func receive(_ bytes: some Collection<UInt8>, garbage: [UInt8] = []) {
        settle()
        guard var buffer = readBuffer.take() else { preconditionFailure("the read buffer did not come back") }
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

    /// The conversation's next step. After `wait`, the read buffer holds foreign bytes.
    package func next() -> Conversation.Step {
        var input = takeInput()
        let step = conversation.next(&input, at: now)
        if case .wait = step { keep(input) } else { self.input = consume input }
        return step
    }

    /// Passes a response, and returns a body that is not copied into the output.
    package func respond(_ response: Response, date: [UInt8]) -> [UInt8]? {
        var input = takeInput()
        let body = conversation.respond(response, date: date, into: &output, &input, at: now)
        self.input = consume input
        return body
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

    /// Leaves the connection as a loop does when it turns to another one.
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
