import Bytes
import HTTP
import HTTPTypes
import TestSupport
import Testing
import Time

@testable import HTTPWire

/// A conversation whose received bytes, time and output state are controlled by a test.
final class Peer {
    /// A comparable form of `Conversation.Step`.
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
    var isStreaming: Bool { driver.conversation.isStreaming }
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

    /// Returns the next step.
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

    /// Begins a stream. Returns its first piece if it was not copied into the output.
    @discardableResult
    func respondStream(_ first: String?) -> [UInt8]? {
        var response = Response(status: .ok)
        response.isStream = true
        return driver.respond(
            response, first: first.map { StreamPiece(Array($0.utf8)) }, date: Array("now".utf8))
    }

    func send(_ piece: String) { driver.append(StreamPiece(Array(piece.utf8))) }
    func endStream(_ last: String?) { driver.endStream(last: last.map { StreamPiece(Array($0.utf8)) }) }

    func awaitResponse() { driver.awaitResponse() }
    func end() { driver.end() }
    func drain() { driver.drain() }
    func expire() { driver.expire() }
    func outputDrained() { driver.outputDrained() }
    func outputBlocked() { driver.outputBlocked() }
    func outputProgressed() { driver.outputProgressed() }
    func pass(_ duration: Duration) { driver.now = driver.now + duration }
}

/// Returns a peer that has received its last response from a draining server and may still send.
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

/// Returns a GET request.
func get(_ path: String, _ fields: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
}

/// Returns a PUT request with a `Content-Length`. The body may be incomplete.
func put(_ path: String, length: Int, _ body: String = "", _ fields: String = "") -> String {
    "PUT \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\(fields)\r\n\(body)"
}

/// Returns the bytes that `Peer.respond` encodes for a body.
func response(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}
