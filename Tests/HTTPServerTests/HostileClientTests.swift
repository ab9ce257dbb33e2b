import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import HTTPWire
import TestSupport
import Testing

/// Hostile and broken clients. After each of them, the server must still serve others.
@Suite(.timeLimit(.minutes(2))) struct HostileClientTests {
    private func expectResponse(from server: TestServer) throws {
        let response = try Client(server.address).exchange("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(response.text == "/ok")
    }

    @Test func bodyOverItsLimit_isRefused_beforeItIsRead() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
        let response = try client.response()
        #expect(response.status == 413)
        #expect(response["connection"] == "close")
        #expect(try client.readToEnd().isEmpty)
        try expectResponse(from: server)
    }

    @Test func chunkedBodyOverItsLimit_isRefused_asSoonAsItIsTooLarge() throws {
        let server = try TestServer()
        let client = try Client(server.address)
        try client.send("PUT /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send("1000\r\n" + String(repeating: "x", count: 0x1000) + "\r\n1\r\n")
        #expect(try client.response().status == 413)
        try expectResponse(from: server)
    }

    @Test(arguments: [
        [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] as [UInt8],
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8),
        Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
        Array(repeating: 0, count: 20000),
        Array(repeating: UInt8(ascii: "A"), count: 70000),
    ])
    func anotherProtocol_receivesAnError_andTheConnectionCloses(bytes: [UInt8]) throws {
        // Applies to the second client too, so it must be long enough for a request on a busy machine.
        let server = try TestServer { $0.limits.headerTimeout = .seconds(1) }
        let client = try Client(server.address)
        try? client.send(bytes)
        let response = try client.response()
        #expect([400, 408, 414, 431, 505].contains(response.status))
        #expect(try client.readToEnd().isEmpty)
        try expectResponse(from: server)
    }

    @Test func resetDuringABody_leavesNoOpenConnection() throws {
        let server = try TestServer()
        for _ in 0..<50 {
            let client = try Client(server.address)
            try client.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            client.resetOnClose()
        }
        try expectResponse(from: server)
        try eventually { server.server.openConnections == 0 }
    }

    @Test func clientThatNeverReads_isNotReadFrom_andTimesOut() throws {
        let server = try TestServer { $0.limits.bodyTimeout = .milliseconds(400) }
        let client = try Client(server.address, timeout: .seconds(30))
        let request = Array("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let batch = Array(repeatElement(request, count: 2000).joined())
        var sent = 0
        do {
            // Without back-pressure, the responses would take 16 TB.
            while sent < 1000 * batch.count {
                try client.send(batch)
                sent += batch.count
            }
            Issue.record("the server read all requests")
        } catch is SystemError {
            // The server closed the connection, because the client read no response.
        }
        #expect(sent < 16_000_000, "no more than the kernel buffers of both sides")
        try expectResponse(from: server)
        try eventually { server.server.openConnections == 0 }
    }

    /// The response of a handler that ends while the output to its client is blocked must not go to another
    /// client.
    @Test func lateResponse_goesToItsOwnClient_whenItsOutputIsBlocked() throws {
        let server = try TestServer { $0.workers = 1 }
        let slow = try Client(server.address)
        let other = try Client(server.address)
        func expectOwnResponse() throws {
            #expect(try other.exchange("GET /mine HTTP/1.1\r\nHost: a\r\n\r\n").text == "/mine")
        }
        let path = "/" + String(repeating: "a", count: 10_000)
        let batch =
            String(repeating: "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n", count: 5)
            + "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
        var rounds = 0
        repeat {
            rounds += 1
            try slow.send(batch)
            // The single worker serves these after it has processed the batch.
            for _ in 0..<3 { try expectOwnResponse() }
        } while server.responder.release() > 0 && rounds < 2000
        for _ in 0..<3 { try expectOwnResponse() }
        #expect(rounds < 2000, "the socket never filled")
        for round in 1...rounds {
            for _ in 0..<5 { #expect(try slow.response().text == path) }
            // The last handler starts only when its client reads. All others have been released.
            if round == rounds {
                try server.responder.awaitHandler()
                server.responder.release()
            }
            #expect(try slow.response().text == "waited")
        }
        try expectOwnResponse()
    }

    @Test func fiveThousandSlowClients_doNotDelayOthers() async {
        await #expect(processExitsWith: .success) {
            try raiseLimit()
            let server = try TestServer { $0.limits.headerTimeout = .seconds(60) }
            let bytes = Array("GET /slow HTTP/1.1\r\nHost: a\r\nX-Slow: yes\r\n".utf8)
            let clients = try (0..<5000).map { _ in try Client(server.address) }
            for byte in bytes {
                for client in clients { try client.send([byte]) }
                let processorTime = clock()
                let prompt = try Client(server.address)
                guard try prompt.exchange("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n").text == "/ok" else {
                    exit(1)
                }
                // Autopush times out after one second. CPU time excludes what other programs use.
                guard clock() - processorTime < CLOCKS_PER_SEC else { exit(6) }
            }
            for client in clients { try client.send("\r\n") }
            for client in clients where try client.response().text != "/slow" { exit(2) }
        }
    }

    @Test func exhaustedDescriptors_delayConnections_withoutLosingOne() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer()
            let sockets = try (0..<40).map { _ in try PreparedSocket() }
            // The server can accept one connection for each unused descriptor number below the limit.
            let highest = try #require(sockets.map(\.number).max())
            var limit = rlimit(rlim_cur: rlim_t(highest + 11), rlim_max: rlim_t(highest + 11))
            guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { exit(3) }
            for socket in sockets { try socket.ask(server.address) }
            let processorTime = clock()
            // The first connections get a response. Each one that closes frees a descriptor for the next.
            for socket in sockets { try socket.readResponseAndClose() }
            guard clock() - processorTime < 5 * CLOCKS_PER_SEC else { exit(4) }
        }
    }
}

private func raiseLimit() throws {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// A client whose descriptor is opened before the limit is lowered.
private final class PreparedSocket {
    private var descriptor: FileDescriptor?
    let number: Int32

    init() throws {
        let socket = FileDescriptor(
            owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0), system: SystemCalls())
        number = socket.rawValue
        descriptor = consume socket
    }

    func ask(_ address: SocketAddress) throws {
        guard let socket = descriptor.take() else { return }
        let system = SystemCalls()
        try system.connect(socket, to: address)
        _ = try system.send(socket, Array("GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
        descriptor = consume socket
    }

    func readResponseAndClose() throws {
        guard let socket = descriptor.take() else { return }
        var response: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while case let count = try SystemCalls().receive(socket, into: &buffer).count, count > 0 {
            response += buffer[..<count]
        }
        guard String(decoding: response, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n") else { exit(5) }
    }
}
