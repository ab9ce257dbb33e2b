import HTTPWire
import Testing

@Suite struct ConversationOutputTests {
    @Test func blockedOutput_pausesReadingAndRequests_untilDrained() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        peer.outputBlocked()
        #expect(peer.step() == .wait)
        #expect(!peer.wantsBytes)
        peer.outputDrained()
        #expect(peer.wantsBytes)
        #expect(peer.step() == .ask("/b"))
    }

    @Test func blockedOutput_doesNotCountAgainstTheNextRequest() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.pass(.seconds(9))
        peer.outputDrained()
        #expect(peer.timeLeft == .seconds(75))
    }

    @Test func blockedOutput_closesTheConnection_afterTheTimeout() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.pass(.seconds(9))
        peer.outputProgressed()
        #expect(peer.timeLeft == .seconds(10))
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .close)
    }

    @Test func blockedOutput_closesTheConnection_whileAResponseIsPending() {
        let peer = Peer()
        peer.receive(put("/a", length: 2, "", "Expect: 100-continue\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .interim)
        peer.outputBlocked()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .close)
    }

    @Test func lateResponse_isDropped_afterTheTimeout() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("early")
        #expect(peer.step() == .ask("/b"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.respond("late") == nil)
        #expect(peer.step() == .close)
        #expect(peer.respond("later") == nil)
        #expect(peer.text == response("early"))
    }

    @Test func lateResponse_isEncoded_whileTheOutputIsBlocked() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b") + get("/c"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("a")
        #expect(peer.step() == .ask("/b"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.respond("b")
        #expect(peer.text == response("a") + response("b"))
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .ask("/c"))
    }

    @Test func lastResponse_isSentBeforeTheWriteSideIsShutDown() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.drain()
        peer.respond()
        #expect(peer.step() == .wait)
        #expect(!peer.wantsBytes)
        peer.outputBlocked()
        #expect(peer.step() == .wait)
        peer.outputProgressed()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite)
        #expect(peer.wantsBytes)
    }

    /// A client that sent `Connection: close` sends nothing more, so closing at once cannot lose data.
    @Test(arguments: ["Connection: close\r\n", "Connection: close\r\nContent-Length: 0\r\n"])
    func lastResponse_isFollowedByClose_whenTheClientSentClose(fields: String) {
        let peer = Peer()
        peer.receive(get("/a", fields))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .close)
    }

    @Test func lastResponse_isFollowedByLingering_whenBytesAreLeft() {
        for rest in [get("/b"), "x"] {
            let peer = Peer()
            peer.receive(get("/a", "Connection: close\r\n") + rest)
            #expect(peer.step() == .ask("/a"))
            peer.respond()
            peer.outputDrained()
            #expect(peer.step() == .shutdownWrite)
        }
        let peer = Peer()
        peer.receive(put("/a", length: 5, "", "Connection: close\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite)
    }

    @Test func lastResponse_isFollowedByClose_whenTheClientHasClosedItsSide() {
        let peer = Peer()
        peer.receive(get("/a", "Connection: close\r\n"))
        peer.end()
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        peer.outputDrained()
        #expect(peer.step() == .close)
    }

    @Test func bytes_areSkipped_afterTheWriteSideIsShutDown() {
        let peer = lingeringPeer()
        peer.receive(get("/b"))
        #expect(peer.step() == .wait)
        peer.end()
        #expect(peer.step() == .close)
    }

    @Test func smallBody_isCopiedAfterItsHead() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        let body = String(repeating: "a", count: Conversation.largestCopiedBody)
        #expect(peer.respond(body) == nil)
        #expect(peer.text == response(body))
    }

    @Test func largeBody_isReturnedInsteadOfCopied() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        let body = String(repeating: "a", count: Conversation.largestCopiedBody + 1)
        #expect(peer.respond(body) == Array(body.utf8))
        #expect(peer.text == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
    }

    @Test func largeBody_isOmitted_inTheResponseToHEAD() {
        let peer = Peer()
        peer.receive("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(peer.step() == .ask("/a"))
        #expect(peer.respond(String(repeating: "a", count: 20000)) == nil)
        #expect(peer.text == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 20000\r\n\r\n")
    }

    @Test func interimStep_leavesTheLineToTheServer() {
        let peer = Peer()
        peer.receive(put("/a", length: 1, "", "Expect: 100-continue\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .interim)
        #expect(peer.step() == .wait)
        #expect(peer.text.isEmpty, "the server appends `continueLine`")
        #expect(String(decoding: Conversation.continueLine, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
