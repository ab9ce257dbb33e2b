import Bytes
import HTTP
import HTTPTypes
import HTTPWire
import TestSupport
import Testing
import Time

/// A conversation with the ends of its strings in a test's hands: the test says what arrives, what time it
/// is, and what became of the output.
final class Peer {
    /// A step in a form that can be compared.
    enum Event: Equatable {
        case wait
        case ask(String)
        case interim
        case run(String)
        case refuse(Refusal, String?)
        case shutdownWrite
        case close
    }

    var conversation: Conversation
    var now = Instant.now
    private(set) var output: [UInt8] = []
    /// The read buffer that is lent with every receipt, as an event loop does it.
    private(set) var readBuffer: [UInt8]? = [UInt8](repeating: 0xEE, count: 65536)

    var text: String { String(decoding: output, as: UTF8.self) }
    var isIdle: Bool { conversation.isIdle }
    var wantsBytes: Bool { conversation.wantsBytes }
    /// The time left until the deadline.
    var timeLeft: Duration? { conversation.deadline.map { now.duration(to: $0) } }

    init(limits: Limits = .defaults) {
        conversation = Conversation(
            remoteAddress: .version4(0x7F00_0001, port: 4711), limits: limits, openedAt: now)
    }

    func receive(_ text: String) {
        reclaim()
        guard var bytes = readBuffer.take() else { return }
        bytes.replaceSubrange(0..<text.utf8.count, with: text.utf8)
        conversation.receive(consume bytes, count: text.utf8.count, at: now)
    }

    private func reclaim() {
        guard readBuffer == nil else { return }
        readBuffer = conversation.reclaimReadBuffer()
        // The event loop reads other connections' bytes into it next.
        readBuffer?.replaceSubrange(0..<4096, with: repeatElement(0xEE, count: 4096))
    }

    /// The next step. Waiting gives the read buffer back.
    func step() -> Event {
        switch conversation.next(at: now) {
        case .wait:
            reclaim()
            return .wait
        case .ask(let request): return .ask(request.text(request.path))
        case .interim: return .interim
        case .run(let body): return .run(String(decoding: body, as: UTF8.self))
        case .refuse(let refusal, let request): return .refuse(refusal, request.map { $0.text($0.path) })
        case .shutdownWrite: return .shutdownWrite
        case .close: return .close
        }
    }

    @discardableResult
    func respond(_ body: String = "") -> [UInt8]? {
        let response = Response(status: .ok, body: Array(body.utf8))
        return conversation.respond(response, date: Array("now".utf8), into: &output, at: now)
    }

    func awaitAnswer() { conversation.awaitAnswer(at: now) }
    func end() { conversation.receiveEnd() }
    func drain() { conversation.drain() }
    func expire() { conversation.expire(at: now) }
    func outputDrained() { conversation.outputDrained(at: now) }
    func outputBlocked() { conversation.outputBlocked(at: now) }
    func outputProgressed() { conversation.outputProgressed(at: now) }
    func pass(_ duration: Duration) { now = now + duration }
}

/// A peer that has been sent its last answer, and is to close its side.
func lingeringPeer() -> Peer {
    let peer = Peer()
    peer.receive(get("/a", "Connection: close\r\n"))
    #expect(peer.step() == .ask("/a"))
    peer.respond()
    peer.outputDrained()
    #expect(peer.step() == .shutdownWrite)
    return peer
}

/// A GET of a path.
func get(_ path: String, _ fields: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
}

/// A PUT of a path with a body of a declared length.
func put(_ path: String, length: Int, _ body: String = "", _ fields: String = "") -> String {
    "PUT \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\(fields)\r\n\(body)"
}

/// The answer `Peer.respond` makes of a body.
func answer(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}
