import HTTPTypes
import HTTPWire
import Testing

@Suite struct ConversationTests {
    @Test func conversation_answersInOrder_whenRequestsArePipelined() {
        let peer = Peer()
        peer.receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(peer.askedPath() == "/a")
        peer.respond("first")
        #expect(peer.askedPath() == "/b")
        peer.respond("second")
        #expect(peer.isWaiting())
        #expect(!peer.isIdle)
        peer.conversation.outputDrained(at: peer.now)
        #expect(peer.isIdle)
        #expect(peer.text == answer("first") + answer("second"))
    }

    @Test func conversation_runsDeferredAnswer_whenBodyIsComplete() {
        let peer = Peer()
        peer.receive("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
        #expect(peer.askedPath() == "/a")
        peer.conversation.awaitAnswer(at: peer.now)
        #expect(peer.isWaiting())
        peer.receive("llo")
        guard case .run(let body) = peer.conversation.next(at: peer.now) else {
            Issue.record("the body is complete")
            return
        }
        #expect(body == Array("hello".utf8))
        peer.respond("stored")
        #expect(peer.isWaiting())
    }

    private func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

/// A conversation with the ends of its strings held by a test.
final class Peer {
    var conversation: Conversation
    var now: ContinuousClock.Instant
    var output: [UInt8] = []

    var isIdle: Bool { conversation.isIdle }
    var text: String { String(decoding: output, as: UTF8.self) }

    init(limits: Limits = Limits()) {
        now = ContinuousClock.now
        conversation = Conversation(
            remoteAddress: .version4(0x7F00_0001, port: 4711), limits: limits, openedAt: now)
    }

    func receive(_ text: String) {
        let bytes = Array(text.utf8)
        conversation.receive(bytes, count: bytes.count, at: now)
    }

    func askedPath() -> String? {
        guard case .ask(let request) = conversation.next(at: now) else { return nil }
        return request.text(request.path)
    }

    func respond(_ body: String) {
        let response = Response(status: .ok, body: Array(body.utf8))
        _ = conversation.respond(response, date: Array("now".utf8), into: &output, at: now)
    }

    func isWaiting() -> Bool {
        guard case .wait = conversation.next(at: now) else { return false }
        _ = conversation.reclaimChunk()
        return true
    }
}
