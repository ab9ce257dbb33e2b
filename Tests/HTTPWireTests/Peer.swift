import Bytes
import HTTP
import HTTPTypes
import TestSupport
import Testing
import Time

@testable import HTTPWire

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

    let driver: ConversationDriver

    var text: String { String(decoding: driver.output, as: UTF8.self) }
    var wantsBytes: Bool { driver.wantsBytes }
    /// The time left until the deadline.
    var timeLeft: Duration? { driver.conversation.deadline.map { driver.now.duration(to: $0) } }
    /// Whether the connection is between requests, with nothing received and nothing to send.
    var isIdle: Bool {
        driver.conversation.phase == .idle && driver.pendingCount == 0 && !driver.conversation.hasOutput
    }

    init(limits: Limits = .defaults) {
        driver = ConversationDriver(limits: limits)
    }

    func receive(_ text: String) {
        driver.receive(text.utf8)
    }

    /// The next step.
    func step() -> Event {
        switch driver.next() {
        case .wait: return .wait
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
        driver.respond(Response(status: .ok, body: Array(body.utf8)), date: Array("now".utf8))
    }

    func awaitAnswer() { driver.awaitResponse() }
    func end() { driver.end() }
    func drain() { driver.drain() }
    func expire() { driver.expire() }
    func outputDrained() { driver.outputDrained() }
    func outputBlocked() { driver.outputBlocked() }
    func outputProgressed() { driver.outputProgressed() }
    func pass(_ duration: Duration) { driver.now = driver.now + duration }
}

/// A peer that has been sent its last response by a draining server, and may still send.
func lingeringPeer() -> Peer {
    let peer = Peer()
    peer.receive(get("/a"))
    #expect(peer.step() == .ask("/a"))
    peer.drain()
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
