import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import HTTPWire
import TestSupport
import Testing
import Time

/// Requests that are held, and streams, over real sockets.
@Suite(.timeLimit(.minutes(2))) struct HeldRequestTests {
    /// More than the socket buffers of both sides hold while the client does not read.
    private static let large = 4_000_000

    @Test(arguments: ["1.1", "1.0"])
    func stream_receivesEachPiece_andItsEnd(version: String) throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("GET /stream HTTP/\(version)\r\nHost: a\r\n\r\n")
        let head = try client.response(toHead: true)
        #expect(head.status == 200)
        #expect(head["connection"] == "close")
        #expect(head["content-length"] == nil)
        try eventually { server.responder.held.begun == 1 }
        if version == "1.1" {
            #expect(head["transfer-encoding"] == "chunked")
            #expect(try client.text() == "first")
            for piece in ["second", "third"] {
                server.responder.publish(piece)
                #expect(try client.text() == piece)
            }
            server.responder.order(.end(StreamPiece(Array("last".utf8))))
            #expect(try client.text() == "last")
            #expect(try client.chunk() == nil)
            #expect(try client.readToEnd().isEmpty)
        } else {
            #expect(head["transfer-encoding"] == nil)
            server.responder.publish("second")
            server.responder.order(.end(StreamPiece(Array("last".utf8))))
            #expect(String(decoding: try client.readToEnd(), as: UTF8.self) == "firstsecondlast")
        }
        #expect(server.responder.held.events(of: "/stream") == [.began])
    }

    @Test func largeFirstPiece_isSentWithItsHead() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("GET /stream/large HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response(toHead: true).status == 200)
        #expect(try client.chunk() == EchoResponder.medium)
        server.responder.publish("second")
        #expect(try client.text() == "second")
    }

    @Test func pieces_reachTheStreamsOfAllLoops() throws {
        let server = try TestServer { $0.workers = 2 }
        let clients = try (0..<16).map { try follow(server, "/stream/\($0)") }
        server.responder.publish("second")
        for client in clients { #expect(try client.text() == "second") }
        server.responder.order(.end(nil))
        for client in clients { #expect(try client.chunk() == nil) }
    }

    /// What the client sends after the request of a stream is not a request, and does not disturb the stream.
    @Test func bytesAfterTheRequestOfAStream_areIgnored() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        let other = "GET /other HTTP/1.1\r\nHost: a\r\n\r\n"
        try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n\(other)")
        #expect(try client.response(toHead: true).status == 200)
        #expect(try client.text() == "first")
        try client.send(other)
        server.responder.publish("second")
        #expect(try client.text() == "second")
        server.responder.order(.end(nil))
        #expect(try client.chunk() == nil)
        #expect(try client.readToEnd().isEmpty, "and the connection is not reset")
    }

    // MARK: - Slow clients

    @Test func slowStream_skipsTheIntermediatePieces() throws {
        let server = try TestServer()
        let slow = try follow(server, "/stream/slow")
        let prompt = try follow(server, "/stream/prompt")
        server.responder.publish(String(repeating: "a", count: Self.large))
        #expect(try prompt.text().utf8.count == Self.large)
        for number in 1...20 {
            server.responder.publish("piece \(number)")
            #expect(try prompt.text() == "piece \(number)")
        }
        #expect(server.responder.held.events(of: "/stream/slow") == [.began, .pieceDropped])
        #expect(try slow.chunk()?.count == Self.large)
        #expect(try slow.text() == "piece 20", "the newest piece alone")
        #expect(
            server.responder.held.events(of: "/stream/slow") == [.began, .pieceDropped, .outputDrained])
        server.responder.publish("after")
        #expect(try slow.text() == "after")
        #expect(try prompt.text() == "after")
    }

    @Test func endOfASlowStream_isSentAfterItsOutput() throws {
        let server = try TestServer()
        let slow = try follow(server, "/stream/slow")
        server.responder.publish(String(repeating: "a", count: Self.large))
        server.responder.order(.end(StreamPiece(Array("last".utf8))))
        try eventually { server.responder.held.events(of: "/stream/slow").contains(.pieceDropped) }
        #expect(try slow.chunk()?.count == Self.large)
        #expect(try slow.text() == "last")
        #expect(try slow.chunk() == nil)
    }

    @Test(arguments: ["/stream/stalled", "/stream/large"])
    func stalledStream_isClosedAsSlow_afterTheBodyTimeout(path: String) throws {
        let server = try TestServer { $0.limits.bodyTimeout = .milliseconds(300) }
        let stalled = try follow(server, path)
        server.responder.publish(String(repeating: "a", count: Self.large))
        try eventually { server.responder.held.events(of: path).contains(.closed(.slow)) }
        try eventually { server.server.openConnections == 0 }
        #expect(try stalled.readToEnd().count < Self.large)
    }

    // MARK: - Clients that leave

    @Test(arguments: [("/stream", true), ("/stream", false), ("/held", false)])
    func clientThatResets_isNoticedAtOnce(path: String, isBlocked: Bool) throws {
        let server = try TestServer {
            $0.limits.bodyTimeout = .seconds(600)
            $0.limits.keepAlive = .seconds(600)
        }
        do {
            let client = try Client(server.address)
            try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            try eventually { server.responder.held.begun == 1 }
            if isBlocked { try fill(server, path) }
            client.resetOnClose()
        }
        try eventually { server.responder.held.events(of: path).last == .closed(.gone) }
        try eventually { server.server.openConnections == 0 }
        let events = server.responder.held.events(of: path)
        server.responder.publish("nobody")
        server.responder.order(.end(nil))
        server.responder.order(.answer)
        let other = try Client(server.address)
        #expect(try other.exchange("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n").text == "/ok")
        #expect(server.responder.held.events(of: path) == events, "nothing is delivered to it")
    }

    @Test func clientThatCloses_endsItsStreamAtOnce() throws {
        let server = try TestServer()
        for isHalf in [true, false] {
            let client = try follow(server, "/stream/\(isHalf)")
            if isHalf {
                try client.shutdownWrite()
                #expect(try client.readToEnd().isEmpty)
            }
        }
        for path in ["/stream/true", "/stream/false"] {
            try eventually { server.responder.held.events(of: path) == [.began, .closed(.gone)] }
        }
        try eventually { server.server.openConnections == 0 }
    }

    /// The client may close its side before the stream begins: with the request, or while it is looked at.
    @Test func clientThatClosesWithItsRequest_getsNoStream() throws {
        let server = try TestServer()
        for _ in 0..<20 {
            let client = try Client(server.address)
            try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            try client.shutdownWrite()
            _ = try client.readToEnd()
        }
        try eventually { server.server.openConnections == 0 }
    }

    @Test func halfClosedClient_isAnsweredAtOnce_andTheConnectionCloses() throws {
        let server = try TestServer()
        let client = try hold(server)
        try client.shutdownWrite()
        let response = try client.response()
        #expect(response.text == "held")
        #expect(response["connection"] == "close")
        #expect(try client.readToEnd().isEmpty)
        #expect(server.responder.held.events(of: "/held") == [.began, .clientEnded])
    }

    @Test func pipelinedRequest_isAnsweredAfterTheHeldOne() throws {
        let server = try TestServer()
        let client = try hold(server)
        let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
        try client.send(next + "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        let other = try Client(server.address)
        #expect(try other.exchange("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n").text == "/ok")
        server.responder.order(.answer)
        #expect(try client.response().text == "held")
        #expect(try client.response().text == "/next")
        #expect(try client.response(toHead: true)["transfer-encoding"] == "chunked")
        #expect(try client.text() == "first")
    }

    // MARK: - Shutdown

    @Test func draining_endsStreamsAndHeldRequests() throws {
        let server = try TestServer()
        let stream = try follow(server, "/stream")
        let held = try hold(server)
        server.server.drain(within: .seconds(600))
        #expect(try stream.text() == "bye")
        #expect(try stream.chunk() == nil)
        let response = try held.response()
        #expect(response.text == "held")
        #expect(response["connection"] == "close")
        #expect(try stream.readToEnd().isEmpty)
        #expect(try held.readToEnd().isEmpty)
        server.server.waitUntilStopped()
        #expect(server.responder.held.drains == [.seconds(1)])
    }

    @Test func endOfTheGrace_closesBlockedStreams() throws {
        let server = try TestServer { $0.limits.bodyTimeout = .seconds(600) }
        let stalled = try follow(server, "/stream")
        try fill(server, "/stream")
        server.server.drain(within: .seconds(600))
        try eventually { server.responder.held.drains.count == 1 }
        server.server.drain(within: .zero)
        server.server.waitUntilStopped()
        #expect(server.responder.held.events(of: "/stream").last == .closed(.shutdown))
        #expect(try stalled.readToEnd().count < Self.large)
    }

    // MARK: - Helpers

    /// Opens a stream and reads its head and its first piece.
    private func follow(_ server: TestServer, _ path: String) throws -> Client {
        let client = try Client(server.address)
        try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response(toHead: true).status == 200)
        #expect(try client.chunk() != nil)
        return client
    }

    /// Publishes pieces until one is dropped, because the client reads nothing.
    private func fill(_ server: TestServer, _ path: String) throws {
        server.responder.publish(String(repeating: "a", count: Self.large))
        // Later pieces would take its place if the loop had not delivered it.
        try eventually { server.responder.held.batches.count == 1 }
        server.responder.publish("dropped")
        try eventually { server.responder.held.events(of: path).contains(.pieceDropped) }
    }

    private func hold(_ server: TestServer) throws -> Client {
        let client = try Client(server.address)
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        try eventually { server.responder.held.events(of: "/held") == [.began] }
        return client
    }
}

extension Client {
    /// Reads one chunk as text.
    fileprivate func text() throws -> String {
        String(decoding: try chunk() ?? [], as: UTF8.self)
    }
}
