import HTTPWire
import Testing

@Suite struct ConversationOutputTests {
    @Test func blockedOutput_stopsReadingAndAsking_untilItHasDrained() {
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

    @Test func blockedOutput_closesTheConnection_whenTheClientTakesNothingForTooLong() {
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

    @Test func blockedOutput_closesTheConnection_whenAnAnswerIsBeingMadeBehindIt() {
        let peer = Peer()
        peer.receive(put("/a", length: 2, "", "Expect: 100-continue\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitAnswer()
        #expect(peer.step() == .interim)
        peer.outputBlocked()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .close)
    }

    @Test func lateAnswer_isDropped_whenTheClientHasBeenGivenUpMeanwhile() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("early")
        #expect(peer.step() == .ask("/b"))
        peer.awaitAnswer()
        #expect(peer.step() == .run(""))
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.respond("late") == nil)
        #expect(peer.step() == .close)
        #expect(peer.respond("later") == nil)
        #expect(peer.text == answer("early"))
    }

    @Test func lateAnswer_isEncoded_whileTheOutputIsBlocked() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b") + get("/c"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("a")
        #expect(peer.step() == .ask("/b"))
        peer.awaitAnswer()
        #expect(peer.step() == .run(""))
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.respond("b")
        #expect(peer.text == answer("a") + answer("b"))
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .ask("/c"))
    }

    @Test func lastAnswer_isSentBeforeTheWriteSideIsShutDown() {
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

    /// A client that asked for the end sends nothing more, so nothing can be lost by closing at once.
    @Test(arguments: ["Connection: close\r\n", "Connection: close\r\nContent-Length: 0\r\n"])
    func lastAnswer_isFollowedByCloseAtOnce_whenTheClientAskedForIt(fields: String) {
        let peer = Peer()
        peer.receive(get("/a", fields))
        #expect(peer.step() == .ask("/a"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == .close)
    }

    @Test func lastAnswer_isFollowedByLingering_whenBytesAreLeft() {
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

    @Test func lastAnswer_isFollowedByCloseAtOnce_whenTheClientHasClosedItsSide() {
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

    @Test func smallBody_isCopiedBehindItsHead() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        let body = String(repeating: "a", count: Conversation.largestCopiedBody)
        #expect(peer.respond(body) == nil)
        #expect(peer.text == answer(body))
    }

    @Test func largeBody_isReturnedInsteadOfCopied() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        let body = String(repeating: "a", count: Conversation.largestCopiedBody + 1)
        #expect(peer.respond(body) == Array(body.utf8))
        #expect(peer.text == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
    }

    @Test func largeBody_isLeftOut_inAnswerToHead() {
        let peer = Peer()
        peer.receive("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(peer.step() == .ask("/a"))
        #expect(peer.respond(String(repeating: "a", count: 20000)) == nil)
        #expect(peer.text == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 20000\r\n\r\n")
    }

    @Test func answers_areAppended_toWhatTheOutputHeldBefore() {
        let peer = Peer()
        peer.receive(put("/a", length: 1, "", "Expect: 100-continue\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitAnswer()
        #expect(peer.step() == .interim)
        #expect(peer.step() == .wait)
        #expect(peer.text.isEmpty, "the line for an interim step is the server's to append")
        #expect(String(decoding: Conversation.continueLine, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
