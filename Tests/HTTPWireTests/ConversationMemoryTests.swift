import HTTP
import TestSupport
import Testing

@testable import HTTPWire

@Suite struct ConversationMemoryTests {
    @Test func conversation_isSmall() {
        #expect(MemoryLayout<Conversation>.size <= 160)
    }

    @Test func idleConversation_ownsNoBuffer() {
        let peer = Peer()
        peer.receive(put("/a", length: 3, "xy"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .wait)
        peer.receive("z" + get("/b"))
        #expect(peer.step() == .run("xyz"))
        #expect(peer.step() == .wait)
        #expect(peer.driver.pending.count == get("/b").utf8.count, "unconsumed bytes are kept")
        peer.respond()
        #expect(peer.step() == .ask("/b"))
        peer.respond()
        #expect(peer.step() == .wait)
        peer.outputDrained()
        #expect(peer.isIdle)
        #expect(peer.driver.pending.capacity == 0)
        #expect(peer.driver.conversation.incoming == nil)
    }

    @Test func readBuffer_isReturnedWithoutACopy_whenAllIsConsumed() {
        let peer = Peer()
        let before = address(of: peer.driver.readBuffer)
        for _ in 0..<3 {
            peer.receive(get("/a"))
            #expect(peer.step() == .ask("/a"))
            peer.respond()
            #expect(peer.step() == .wait)
            #expect(address(of: peer.driver.readBuffer) == before)
        }
    }

    @Test func readBuffer_isReturnedWithoutACopy_duringABody() {
        let peer = Peer()
        let before = address(of: peer.driver.readBuffer)
        peer.receive(put("/a", length: 3, "xy"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .wait)
        #expect(address(of: peer.driver.readBuffer) == before)
    }

    @Test func slowHead_keepsOnlyTheReceivedBytes() {
        let peer = Peer()
        for byte in "GET /a HTTP/1.1\r\nHost: x\r\n" {
            peer.receive(String(byte))
            #expect(peer.step() == .wait)
        }
        #expect(peer.driver.pending.count == 26)
        #expect(peer.driver.conversation.scanner.scanned == 26, "each byte is scanned once")
        peer.receive("\r\n")
        #expect(peer.step() == .ask("/a"))
    }

    @Test func pipelinedRequests_areReadUpToALimit_whileAResponseIsPending() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        peer.awaitResponse()
        #expect(peer.step() == .run(""))
        var received = 0
        while peer.wantsBytes {
            peer.receive(get("/b"))
            #expect(peer.step() == .wait)
            received += get("/b").utf8.count
        }
        #expect(received >= Limits.defaults.maximumHeaderBytes)
        #expect(received < Limits.defaults.maximumHeaderBytes + 65536)
        peer.respond()
        #expect(peer.step() == .ask("/b"))
        #expect(peer.driver.conversation.incoming == nil)
    }

    @Test func answeredRequests_areReleased_whileOthersArePending() {
        let peer = Peer()
        peer.receive(get("/a"))
        #expect(peer.step() == .ask("/a"))
        #expect(peer.step() == .wait)
        peer.receive(get("/a"))
        #expect(peer.step() == .wait)
        for _ in 0..<100 {
            peer.receive(get("/a"))
            #expect(peer.step() == .wait)
            #expect(peer.driver.pending.count == 2 * get("/a").utf8.count)
            peer.respond()
            #expect(peer.step() == .ask("/a"))
            #expect(peer.step() == .wait)
        }
    }

    @Test func lingeringConversation_keepsNoBytes() {
        let peer = lingeringPeer()
        peer.receive(get("/b"))
        #expect(peer.step() == .wait)
        #expect(peer.driver.pending.capacity == 0)
    }

    @Test func refusedConnection_keepsNoBytes() {
        let peer = Peer()
        peer.receive("GET / HTTP/1.1\r\n\r\n" + String(repeating: "x", count: 10000))
        #expect(peer.step() == .refuse(.malformed("Host is missing"), nil))
        peer.respond()
        #expect(peer.step() == .wait)
        #expect(peer.driver.pending.capacity == 0)
    }

    private func address(of bytes: [UInt8]?) -> UInt? {
        bytes.map { unsafe $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
    }
}
