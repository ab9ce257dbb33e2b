import HTTP
import HTTPWire
import TestSupport
import Testing

@Suite struct ConversationTimeTests {
    @Test func deadline_isTheHeaderTimeout_beforeTheFirstByte() {
        let peer = Peer()
        #expect(peer.timeLeft == .seconds(10))
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .close)
        #expect(peer.driver.output.isEmpty)
    }

    @Test func deadline_countsFromTheFirstByteOfAHead() {
        let peer = Peer()
        peer.pass(.seconds(9))
        peer.receive("G")
        #expect(peer.step() == .wait)
        #expect(peer.timeLeft == .seconds(10))
        peer.pass(.seconds(4))
        peer.receive("E")
        #expect(peer.step() == .wait)
        #expect(peer.timeLeft == .seconds(6))
        peer.pass(.seconds(6))
        peer.expire()
        #expect(peer.step() == .refuse(.timeout, nil))
        peer.respond()
        peer.driver.outputDrained()
        #expect(peer.step() == .shutdownWrite)
    }

    @Test func deadline_isNil_whileAResponseIsPending() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        #expect(peer.timeLeft == nil)
        peer.pass(.seconds(1000))
        peer.expire()
        #expect(peer.step() == .wait)
        peer.respond()
        #expect(peer.text == response(""))
        #expect(peer.timeLeft == .seconds(75), "the keep-alive time begins with the response")
    }

    @Test func deadline_isTheKeepAliveTimeout_betweenRequests() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.driver.outputDrained()
        #expect(peer.timeLeft == .seconds(75))
        peer.pass(.seconds(75))
        peer.expire()
        #expect(peer.step() == .close)
        #expect(peer.text == response(""))
    }

    @Test func deadline_isTheBodyTimeout_fromTheEndOfTheHead() {
        let peer = Peer()
        peer.receive(put("/a", length: 3, "x"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .wait)
        peer.pass(.seconds(6))
        peer.receive("y")
        #expect(peer.step() == .wait)
        #expect(peer.timeLeft == .seconds(4))
        peer.pass(.seconds(4))
        peer.expire()
        #expect(peer.step() == .refuse(.timeout, "/a"))
    }

    @Test func missingSkippedBody_closesTheConnection_withoutAResponse() {
        let peer = Peer()
        peer.receive(put("/a", length: 3))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.driver.outputDrained()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .close)
        #expect(peer.text == response(""))
    }

    @Test func lingering_timesOut_whenTheClientDoesNotClose() {
        let peer = lingeringPeer()
        #expect(peer.timeLeft == Conversation.lingerTimeout)
        peer.pass(.seconds(1))
        peer.receive("more")
        #expect(peer.step() == .wait)
        #expect(peer.timeLeft == .seconds(1), "received bytes do not extend it")
        peer.pass(.seconds(1))
        peer.expire()
        #expect(peer.step() == .close)
    }

    @Test func expire_doesNothing_beforeTheDeadline() {
        let peer = Peer()
        peer.receive("GET")
        #expect(peer.step() == .wait)
        peer.pass(.milliseconds(9999))
        peer.expire()
        #expect(peer.step() == .wait)
    }

    @Test func deadlines_followTheGivenLimits() {
        var limits = Limits.defaults
        limits.headerTimeout = .seconds(1)
        limits.bodyTimeout = .seconds(2)
        limits.keepAlive = .seconds(3)
        let peer = Peer(limits: limits)
        #expect(peer.timeLeft == .seconds(1))
        peer.receive(put("/a", length: 1))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.timeLeft == .seconds(2))
        peer.receive("x")
        #expect(peer.step() == .run("x"))
        peer.respond()
        #expect(peer.timeLeft == .seconds(3))
    }
}
