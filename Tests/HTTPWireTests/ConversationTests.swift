import HTTP
import HTTPWire
import TestSupport
import Testing

@Suite struct ConversationTests {
    @Test func requests_areAnsweredInOrderIntoOneOutput_whenPipelined() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("first")
        #expect(peer.step() == .ask("/b"))
        peer.respond("second")
        #expect(peer.step() == .wait)
        #expect(peer.text == response("first") + response("second"))
    }

    @Test func request_isNotParsed_beforeThePreviousResponse() {
        let peer = Peer()
        peer.receive(put("/a", length: 1, "x") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        #expect(peer.step() == .wait)
        peer.awaitResponse()
        #expect(peer.step() == .run("x"))
        #expect(peer.step() == .wait)
        peer.respond()
        #expect(peer.step() == .ask("/b"))
    }

    @Test func refusedRequest_keepsItsHead_whenTheReadBufferIsReused() {
        let peer = Peer()
        peer.receive(get("/first") + put("/a", length: 5, "x"))
        #expect(peer.step() == .ask("/first"))
        peer.respond()
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .refuse(.timeout, "/a"))
    }

    @Test func requests_areAnswered_whenTheClientHasClosedItsSide() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        peer.end()
        #expect(peer.step() == .ask("/a"))
        peer.respond("a")
        #expect(peer.step() == .ask("/b"))
        peer.respond("b")
        #expect(peer.text == response("a") + response("b", "Connection: close\r\n"))
        #expect(peer.step() == .wait, "the responses have not been sent")
        peer.outputDrained()
        #expect(peer.step() == .close)
    }

    @Test func deferredResponse_isSent_whenTheClientClosesItsSideFirst() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        #expect(peer.step() == .wait)
        peer.end()
        #expect(peer.step() == .wait)
        peer.respond("late")
        peer.outputDrained()
        #expect(peer.step() == .close)
        #expect(peer.text == response("late", "Connection: close\r\n"))
    }

    @Test func close_isTheLastStep() {
        let peer = Peer()
        peer.end()
        #expect(peer.step() == .close)
        peer.receive(get("/a"))
        #expect(peer.step() == .wait)
        #expect(peer.driver.conversation.deadline == nil)
        #expect(!peer.wantsBytes)
        peer.pass(.seconds(1000))
        peer.expire()
        #expect(peer.step() == .wait)
    }

    @Test func body_isSkipped_whenTheResponseDidNotNeedIt() {
        let peer = Peer()
        peer.receive(put("/a", length: 5, "12"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(!peer.isIdle)
        peer.receive("345" + get("/b"))
        #expect(peer.step() == .ask("/b"))
    }

    @Test func continue_isNotSent_whenTheBodyHasBegun() {
        let peer = Peer()
        peer.receive(put("/a", length: 2, "", "Expect: 100-continue\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.receive("o")
        peer.awaitResponse()
        #expect(peer.step() == .wait)
        peer.receive("k")
        #expect(peer.step() == .run("ok"))
    }

    /// RFC 9110 section 9.3.2: a response to HEAD never has content.
    @Test(arguments: [
        "HEAD / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: x\r\nb@d: 1\r\n\r\n",
        "HEAD /\u{1} HTTP/1.1\r\n\r\n",
        "HEAD / HTTP/2.0\r\n\r\n", "HEAD /" + String(repeating: "a", count: 17_000),
        "HEAD / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "a: b\r\n", count: 101) + "\r\n",
        "\r\nHEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ])
    func refusedHEAD_getsNoContent(request: String) {
        let peer = Peer()
        peer.receive(request)
        guard case .refuse = peer.step() else {
            Issue.record("\(request) is not refused")
            return
        }
        peer.respond("content")
        #expect(peer.text.hasSuffix("Content-Length: 7\r\nConnection: close\r\n\r\n"))
    }

    @Test func timedOutHEAD_getsNoContent() {
        let peer = Peer()
        peer.receive(get("/a") + "HEAD / HTTP/1.1\r\n")
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .wait)
        peer.pass(.seconds(11))
        peer.expire()
        #expect(peer.step() == .refuse(.timeout, nil))
        peer.respond("content")
        #expect(peer.text.hasSuffix("Content-Length: 7\r\nConnection: close\r\n\r\n"))
    }

    @Test func receivedAt_isTheTimeOfTheFirstByte() {
        let peer = Peer()
        peer.pass(.seconds(3))
        let first = peer.driver.now
        peer.receive("GET / HTT")
        #expect(peer.step() == .wait)
        peer.pass(.seconds(2))
        peer.receive("P/1.1\r\nHost: x\r\n\r\n")
        guard case .ask(let request) = peer.driver.next() else {
            Issue.record("the complete head is not passed to the responder")
            return
        }
        #expect(request.receivedAt == first)
    }

    // MARK: - Shutting down

    @Test func drain_closesAtOnce_whenIdle() {
        let peer = Peer()
        peer.drain()
        #expect(peer.step() == .close)
    }

    @Test func drain_completesTheRequestInFlight() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        peer.drain()
        #expect(peer.step() == .wait)
        peer.respond("last")
        #expect(peer.text == response("last", "Connection: close\r\n"))
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite)
        peer.end()
        #expect(peer.step() == .close)
    }

    @Test func drain_waitsForTheRestOfAHead() {
        let peer = Peer()
        peer.receive("GET /a HTTP/1.1\r\n")
        #expect(peer.step() == .wait)
        peer.drain()
        #expect(peer.step() == .wait)
        peer.receive("Host: x\r\n\r\n")
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite)
    }

    @Test(arguments: [false, true])
    func drain_waitsForTheOutput_whenIdle(isBlocked: Bool) {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        if isBlocked { peer.outputBlocked() }
        peer.drain()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .close)
    }
}
