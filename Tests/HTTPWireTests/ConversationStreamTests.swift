import HTTP
import HTTPWire
import TestSupport
import Testing

/// Responses whose pieces are sent one by one.
@Suite struct ConversationStreamTests {
    private static let head =
        "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    private static let headForHTTP10 = "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\n"

    @Test func stream_isSentInChunks_andEndsWithTheLastOne() {
        let peer = streamingPeer()
        #expect(peer.text == Self.head + "5\r\nfirst\r\n")
        peer.send("second")
        #expect(peer.step() == .wait)
        peer.outputDrained()
        peer.endStream("last")
        #expect(peer.text == Self.head + "5\r\nfirst\r\n6\r\nsecond\r\n4\r\nlast\r\n0\r\n\r\n")
        #expect(!peer.isStreaming)
        #expect(peer.step() == .wait)
        #expect(peer.timeLeft == .seconds(10))
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite, "the client may have sent more")
    }

    /// RFC 9112 section 6.3: the content ends with the connection.
    @Test(arguments: [("", Peer.Event.close), ("Connection: keep-alive\r\n", .shutdownWrite)])
    func stream_isSentWithoutChunks_toHTTP10(fields: String, end: Peer.Event) {
        let peer = streamingPeer("GET /a HTTP/1.0\r\n\(fields)\r\n")
        peer.send("second")
        peer.endStream("last")
        #expect(peer.text == Self.headForHTTP10 + "firstsecondlast")
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.step() == end)
    }

    @Test func stream_mayEndWithoutAPiece() {
        let peer = streamingPeer(first: nil)
        peer.endStream(nil)
        #expect(peer.text == Self.head + "0\r\n\r\n")
        let old = streamingPeer("GET /a HTTP/1.0\r\n\r\n", first: nil)
        old.endStream(nil)
        #expect(old.text == Self.headForHTTP10)
        #expect(old.step() == .wait)
    }

    @Test(arguments: [
        ("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", head), ("HEAD /a HTTP/1.0\r\n\r\n", headForHTTP10),
    ])
    func stream_hasNoContent_inTheResponseToHEAD(request: String, head: String) {
        let peer = askedPeer(request)
        #expect(peer.respondStream("first") == nil)
        #expect(peer.text == head)
        #expect(!peer.isStreaming)
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect([.close, .shutdownWrite].contains(peer.step()))
    }

    @Test func firstPiece_isReturnedInsteadOfCopied_whenItIsLarge() {
        let content = String(repeating: "a", count: Conversation.largestCopiedBody + 1)
        let peer = askedPeer(get("/a"))
        #expect(peer.respondStream(content) == StreamPiece(Array(content.utf8)).chunk)
        #expect(peer.text == Self.head)
        let old = askedPeer("GET /a HTTP/1.0\r\n\r\n")
        #expect(old.respondStream(content) == Array(content.utf8))
        #expect(old.text == Self.headForHTTP10)
    }

    @Test(arguments: [get("/b"), "\u{16}\u{3}\u{1}", "GET"])
    func bytesAfterTheRequest_areNotParsed(rest: String) {
        let peer = streamingPeer(get("/a") + rest)
        #expect(peer.driver.pendingCount == 0)
        #expect(!peer.wantsBytes)
        peer.receive(rest)
        #expect(peer.step() == .wait)
        peer.send("second")
        #expect(peer.step() == .wait)
        peer.endStream("last")
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite)
        #expect(peer.wantsBytes, "until the client closes its side")
        peer.receive(rest)
        #expect(peer.step() == .wait)
        #expect(peer.driver.pendingCount == 0)
    }

    @Test func endOfThePeer_closesTheConnection() {
        let peer = streamingPeer()
        peer.end()
        #expect(peer.step() == .close)
        let early = askedPeer(get("/a"))
        early.end()
        #expect(early.step() == .wait, "the response is still awaited")
        early.respondStream("first")
        #expect(early.step() == .close)
    }

    @Test func stream_hasNoDeadline_whileItsOutputIsSent() {
        let peer = streamingPeer()
        #expect(peer.timeLeft == nil)
        peer.pass(.seconds(100_000))
        peer.expire()
        #expect(peer.step() == .wait)
        #expect(peer.isStreaming)
    }

    @Test func blockedOutput_closesAStream_afterTheTimeout() {
        let peer = streamingPeer()
        peer.pass(.seconds(1000))
        peer.send("second")
        peer.outputBlocked()
        #expect(peer.timeLeft == .seconds(10), "the wait begins with the blocked piece")
        peer.pass(.seconds(9))
        peer.outputProgressed()
        #expect(peer.timeLeft == .seconds(10))
        peer.pass(.seconds(9))
        peer.expire()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.timeLeft == nil)
        peer.send("third")
        peer.outputBlocked()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.step() == .close)
    }

    @Test func blockedOutput_ofAnEarlierResponse_isSentBeforeTheStream() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("a")
        #expect(peer.step() == .ask("/b"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        #expect(peer.step() == .wait)
        peer.outputBlocked()
        peer.pass(.seconds(4))
        peer.respondStream("first")
        #expect(peer.text == response("a") + Self.head + "5\r\nfirst\r\n")
        #expect(peer.timeLeft == .seconds(6), "blocked since before the stream")
        peer.outputDrained()
        #expect(peer.timeLeft == nil)
    }

    @Test func stream_isDropped_afterTheTimeoutOfEarlierOutput() {
        let peer = Peer()
        peer.receive(get("/a") + get("/b"))
        #expect(peer.step() == .ask("/a"))
        peer.respond("a")
        #expect(peer.step() == .ask("/b"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        peer.outputBlocked()
        peer.pass(.seconds(10))
        peer.expire()
        #expect(peer.respondStream("first") == nil)
        #expect(!peer.isStreaming)
        #expect(peer.text == response("a"))
        #expect(peer.step() == .close)
    }

    @Test func draining_leavesAStreamOpen_untilItEnds() {
        let peer = streamingPeer()
        peer.drain()
        #expect(peer.step() == .wait)
        #expect(peer.isStreaming)
        peer.endStream("last")
        peer.outputDrained()
        #expect(peer.step() == .shutdownWrite)
    }

    /// A request with a body can be answered with a stream too.
    @Test func body_isRead_beforeTheStreamBegins() {
        let peer = Peer()
        peer.receive(put("/a", length: 2, "o", "Expect: 100-continue\r\n"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .wait)
        peer.receive("k")
        #expect(peer.step() == .run("ok"))
        peer.respondStream("first")
        #expect(peer.text == Self.head + "5\r\nfirst\r\n")
        #expect(peer.step() == .wait)
        #expect(peer.isStreaming)
    }

    /// Returns a peer whose request awaits its response.
    private func askedPeer(_ request: String) -> Peer {
        let peer = Peer()
        peer.receive(request)
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        return peer
    }

    /// Returns a peer whose stream has begun and whose output is sent.
    private func streamingPeer(_ request: String = get("/a"), first: String? = "first") -> Peer {
        let peer = askedPeer(request)
        #expect(peer.respondStream(first) == nil)
        #expect(peer.step() == .wait)
        #expect(peer.isStreaming)
        peer.outputDrained()
        #expect(peer.step() == .wait)
        return peer
    }
}
