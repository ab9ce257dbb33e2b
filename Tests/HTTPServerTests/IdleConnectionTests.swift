import Bytes
import EventLoop
import Glibc
import HTTP
import Logging
import TestSupport
import Testing
import Time

@testable import HTTPServer

/// Which connection gives way to a new one when every place is taken. The time is that of a manual clock.
@Suite(.timeLimit(.minutes(1))) struct IdleConnectionTests {
    private let clock = ManualClock()

    private func makeServer(maximumConnections: Int) throws -> TestServer {
        try TestServer {
            $0.maximumConnections = maximumConnections
            $0.clock = Clock(clock)
        }
    }

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    /// Opens a connection and gets a response. Tries again after a 503: a connection that is accepted in the
    /// same turn as one before it is judged by the time of that turn.
    private func expectPlace(_ server: TestServer) throws {
        try eventually { try Client(server.address).exchange(get("/next")).status == 200 }
    }

    @Test func connectionIdleLongest_givesWay_whenEveryPlaceIsTaken() throws {
        let server = try makeServer(maximumConnections: 3)
        // The order of the last responses differs from the order of the connections.
        let clients = try (0..<3).map { _ in try Client(server.address) }
        for index in [1, 0, 2] {
            #expect(try clients[index].exchange(get("/\(index)")).status == 200)
            clock.advance(by: .milliseconds(400))
        }
        clock.advance(by: .milliseconds(600))
        let first = try Client(server.address)
        #expect(try first.exchange(get("/first")).status == 200)
        #expect(try clients[1].readToEnd().isEmpty)
        let second = try Client(server.address)
        #expect(try second.exchange(get("/second")).status == 200)
        #expect(try clients[0].readToEnd().isEmpty)
        #expect(try clients[2].exchange(get("/still")).text == "/still")
        #expect(server.server.openConnections == 3)
        withExtendedLifetime((first, second)) {}
    }

    @Test func silentConnection_givesWay_afterASecond() throws {
        let server = try makeServer(maximumConnections: 1)
        let silent = try Client(server.address)
        try eventually { server.server.openConnections == 1 }
        clock.advance(by: .seconds(1))
        try expectPlace(server)
        #expect(try silent.readToEnd().isEmpty)
    }

    @Test func connectionIdleForLessThanASecond_keepsItsPlace() throws {
        let server = try makeServer(maximumConnections: 1)
        let present = try Client(server.address)
        #expect(try present.exchange(get("/one")).status == 200)
        clock.advance(by: .milliseconds(999))
        #expect(try Client(server.address).response().status == 503)
        #expect(try present.exchange(get("/two")).text == "/two")
    }

    @Test func requestAfterAScan_keepsItsConnectionsPlace() throws {
        let server = try makeServer(maximumConnections: 1)
        let present = try Client(server.address)
        #expect(try present.exchange(get("/one")).status == 200)
        clock.advance(by: .milliseconds(900))
        #expect(try Client(server.address).response().status == 503)
        #expect(try present.exchange(get("/two")).status == 200)
        // A second after the first response, but not after the second one.
        clock.advance(by: .milliseconds(200))
        #expect(try Client(server.address).response().status == 503)
        clock.advance(by: .milliseconds(800))
        try expectPlace(server)
        #expect(try present.readToEnd().isEmpty)
    }

    @Test(arguments: [
        "G", "\r", "GET / HT", "PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nv",
        "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", "GET /shared HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func connectionWithARequest_keepsItsPlace(sent: String) throws {
        let server = try makeServer(maximumConnections: 1)
        let busy = try Client(server.address)
        try busy.send(sent)
        try eventually { server.server.openConnections == 1 }
        for _ in 0..<3 {
            clock.advance(by: .seconds(2))
            #expect(try Client(server.address).response().status == 503)
        }
        #expect(server.server.openConnections == 1)
        withExtendedLifetime(busy) {}
    }

    @Test func connectionsOverTheLimit_waitForEachOther_butNotForAPlace() throws {
        let server = try TestServer {
            $0.maximumConnections = 2
            $0.maximumRejectedConnections = 1
            $0.clock = Clock(clock)
        }
        let silent = try (0..<2).map { _ in try Client(server.address) }
        try eventually { server.server.openConnections == 2 }
        let rejected = try Client(server.address)
        #expect(try rejected.response().status == 503)
        // The rejected connection lingers, because its client does not close it.
        clock.advance(by: .seconds(1))
        let next = try Client(server.address)
        #expect(try next.exchange(get("/next")).status == 200)
        withExtendedLifetime((silent, rejected)) {}
    }

    // MARK: - Without a thread

    private func makeLoop(_ listener: Listener, maximumConnections: Int) throws -> ConnectionLoop {
        let system = SystemCalls()
        let loop = try EventLoop(
            executor: LoopExecutor(system: system), system: system, clock: Clock(clock))
        return try ConnectionLoop(
            loop: loop, listener: listener, responder: EchoLoop(EchoResponder()),
            state: ServerState(maximumConnections: maximumConnections), limits: .defaults,
            logger: LogRecorder().logger)
    }

    @Test func requestThatHasArrived_isAnswered_beforeAnEventReportsIt() throws {
        let system = SystemCalls()
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        let address = try system.localAddress(listener.descriptor)
        var loop = try makeLoop(listener, maximumConnections: 1)
        let present = try Client(address)
        while loop.connections.count < 1 { loop.ready(1, Readiness(canRead: true), at: clock.now) }
        clock.advance(by: .seconds(2))
        try present.send(get("/present"))
        let box = try #require(loop.connections.ids.first.flatMap { loop.connections[$0] })
        var entry = pollfd(fd: box.connection.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&entry, 1, 20_000) == 1)
        let other = try Client(address)
        while loop.connections.count < 2 { loop.ready(1, Readiness(canRead: true), at: clock.now) }
        #expect(try present.response().text == "/present")
        #expect(try other.response().status == 503)
    }

    @Test func manyNewConnections_causeOneScanASecond() throws {
        let system = SystemCalls()
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        let address = try system.localAddress(listener.descriptor)
        var loop = try makeLoop(listener, maximumConnections: 10)
        var clients: [Client] = []
        func connect(_ count: Int) throws {
            let open = loop.connections.count
            for _ in 0..<count { clients.append(try Client(address)) }
            while loop.connections.count < open + count {
                loop.ready(1, Readiness(canRead: true), at: clock.now)
            }
        }
        try connect(10)
        #expect(loop.idle.scans == 0)
        for _ in 0..<9 {
            clock.advance(by: .milliseconds(100))
            try connect(5)
        }
        #expect(loop.idle.scans == 1)
        // The ten connections of the one scan give way one after the other.
        clock.advance(by: .milliseconds(100))
        for _ in 0..<10 {
            clients.append(try Client(address))
            let places = loop.connections.ids
            while loop.connections.ids == places { loop.ready(1, Readiness(canRead: true), at: clock.now) }
        }
        for client in clients[..<10] { #expect(try client.readToEnd().isEmpty) }
        #expect(loop.idle.scans == 1)
    }
}
