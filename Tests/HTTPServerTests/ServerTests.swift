import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import HTTPWire
import Synchronization
import TestSupport
import Testing
import Time

@Suite(.timeLimit(.minutes(2))) struct ServerTests {
    @Test func connection_persists_overManyRequests() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        for number in 0..<100 {
            let response = try client.exchange("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(response.status == 200)
            #expect(response.text == "/\(number)")
            #expect(response["date"]?.hasSuffix(" GMT") == true)
        }
    }

    @Test func pipelinedRequests_areAnsweredInOrder_withMixedHandlers() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        var requests = ""
        for number in 0..<500 {
            requests += "PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\(1000 + number)"
            requests += "GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n"
        }
        try client.send(requests)
        for number in 0..<500 {
            #expect(try client.response().text == "\(1000 + number)")
            #expect(try client.response().text == "/\(number)")
        }
    }

    @Test func largeBody_arrivesComplete_beforeTheNextResponse() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().body == EchoResponder.large)
        #expect(try client.response().text == "/after")
    }

    @Test func suspendedHandler_doesNotBlockOtherConnections() throws {
        let server = try TestServer()
        let waiting = try Client(server.address)
        try waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        try server.responder.awaitHandler()
        let other = try Client(server.address)
        #expect(try other.exchange("GET /other HTTP/1.1\r\nHost: a\r\n\r\n").text == "/other")
        #expect(server.responder.release() == 1)
        #expect(try waiting.response().text == "waited")
        #expect(try waiting.response().text == "/next")
    }

    @Test func waiters_areAnswered_onEveryLoop() throws {
        let server = try TestServer { $0.workers = 2 }
        let clients = try (0..<8).map { _ in try Client(server.address) }
        for client in clients {
            try client.send("GET /shared HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        try eventually { server.responder.sharing.withLock { $0.count == 8 } }
        server.responder.release()
        for client in clients {
            #expect(try client.response().text == "shared")
            #expect(try client.response().text == "/next")
        }
    }

    /// A loop that has drained does not affect the waiters of other loops.
    @Test func waiter_isAnswered_whenAnotherLoopHasDrained() throws {
        let server = try TestServer { $0.workers = 2 }
        let other = try Client(server.address)
        do {
            let first = try client(of: server, onAnotherLoopThan: other)
            try first.send("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n")
            try eventually { server.responder.sharing.withLock { $0.count == 1 } }
            try other.send("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n")
            try eventually { server.responder.sharing.withLock { $0.count == 2 } }
            first.resetOnClose()
        }
        server.server.drain(within: .seconds(30))
        try eventually { server.server.openConnections == 1 }
        server.responder.release()
        #expect(try other.response().text == "shared")
    }

    /// Connects until the kernel assigns the client to another loop. With two loops, 100 attempts fail with a
    /// probability of 2⁻¹⁰⁰.
    private func client(of server: TestServer, onAnotherLoopThan other: Client) throws -> Client {
        func loop(of client: Client) throws -> String {
            try client.exchange("GET /loop HTTP/1.1\r\nHost: a\r\n\r\n").text
        }
        let taken = try loop(of: other)
        for _ in 0..<100 {
            let client = try Client(server.address)
            if try loop(of: client) != taken { return client }
        }
        throw OneLoopOnly()
    }

    private struct OneLoopOnly: Error {}

    @Test func handler_isCancelled_whenItsClientIsGone() throws {
        let server = try TestServer()
        do {
            let client = try Client(server.address)
            try client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            try server.responder.awaitHandler()
            client.resetOnClose()
        }
        try eventually { server.responder.cancelled.load(ordering: .relaxed) == 1 }
        try eventually { server.server.openConnections == 0 }
    }

    @Test func halfClosedClient_receivesItsResponses() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n")
        try client.shutdownWrite()
        #expect(try client.response().text == "/one")
        #expect(try client.response().text == "/two")
        #expect(try client.readToEnd().isEmpty)
    }

    @Test func interimResponse_isSentBeforeTheBody_whenExpected() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.response().status == 100)
        try client.send("ok")
        #expect(try client.response().text == "ok")
    }

    @Test func connectionOverTheLimit_receives503_andOthersStayOpen() throws {
        // The time stands still, so that no connection is idle for long enough to give way.
        let server = try TestServer {
            $0.maximumConnections = 2
            $0.clock = Clock(ManualClock())
        }
        let first = try Client(server.address)
        let second = try Client(server.address)
        #expect(try first.exchange("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        #expect(try second.exchange("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        let third = try Client(server.address)
        let refusal = try third.response()
        #expect(refusal.status == 503)
        #expect(refusal["connection"] == "close")
        #expect(try first.exchange("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
    }

    @Test func rejectedConnections_doNotCountTowardsTheLimit() throws {
        let server = try TestServer {
            $0.maximumConnections = 1
            $0.clock = Clock(ManualClock())
        }
        var first: Client? = try Client(server.address)
        #expect(try first?.exchange("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        // The clients do not close their sides, so the server lingers on these connections.
        let refused = try (0..<3).map { _ in try Client(server.address) }
        for client in refused { #expect(try client.response().status == 503) }
        #expect(server.server.openConnections == 1)
        first = nil
        try eventually { server.server.openConnections == 0 }
        let next = try Client(server.address)
        #expect(try next.exchange("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        withExtendedLifetime(refused) {}
    }

    @Test func slowHead_receives408() throws {
        let server = try TestServer { $0.limits.headerTimeout = .milliseconds(150) }
        let slow = try Client(server.address)
        try slow.send("GET / HT")
        #expect(try slow.response().status == 408)
    }

    @Test func idleConnection_isClosed_withoutAResponse() throws {
        let server = try TestServer { $0.limits.keepAlive = .milliseconds(150) }
        let idle = try Client(server.address)
        #expect(try idle.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        #expect(try idle.readToEnd().isEmpty)
        try eventually { server.server.openConnections == 0 }
    }

    @Test func draining_completesRequestsInFlight_andCloses() throws {
        let server = try TestServer()
        let waiting = try Client(server.address)
        try waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        let idle = try Client(server.address)
        #expect(try idle.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        try server.responder.awaitHandler()
        server.server.drain(within: .seconds(20))
        let late = try idle.exchange("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(late.text == "/late")
        #expect(late["connection"] == "close")
        server.responder.release()
        let response = try waiting.response()
        #expect(response.text == "waited")
        #expect(response["connection"] == "close")
        server.server.waitUntilStopped()
    }

    @Test(arguments: [1, 2])
    func draining_endsAtOnce_whenCalledAgainWithZero(workers: Int) throws {
        let server = try TestServer { $0.workers = workers }
        let waiting = try Client(server.address)
        try waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        try eventually { server.responder.waiting.withLock { !$0.isEmpty } }
        let half = try Client(server.address)
        try half.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12")
        server.server.drain(within: .seconds(3600))
        #expect(server.server.isRunning)
        // A later deadline changes nothing.
        server.server.drain(within: .seconds(7200))
        server.server.drain(within: .zero)
        server.server.waitUntilStopped()
        #expect(!server.server.isRunning)
        #expect(server.hasEnded)
        #expect(try waiting.readToEnd().isEmpty)
        #expect(try half.readToEnd().isEmpty)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func server_listens_onBothFamilies(host: String) throws {
        let address = try #require(SocketAddress(host, port: 0))
        let server = try TestServer {
            $0.address = address
            $0.workers = 2
        }
        for _ in 0..<20 {
            #expect(try Client(server.address).exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").text == "/x")
        }
    }

    @Test func portInUse_throwsTheSystemError() throws {
        let socket = try ListeningSocket()
        let taken = socket.address
        #expect(throws: SystemError(.bind, EADDRINUSE)) { _ = try TestServer { $0.address = taken } }
    }
}
