import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPWire
import TestSupport
import Testing
import Time

@testable import HTTPServer

/// Deliveries to many streams, one turn of the loop at a time.
@Suite(.timeLimit(.minutes(2))) struct HeldBatchTests {
    @Test func fanOut_takesSeveralTurns_andOtherRequestsAreAnsweredBetweenThem() throws {
        let loop = try SteppedLoop()
        let other = try Client(loop.address)
        let streams = try loop.follow(count: 300)
        try loop.turnUntilIdle()
        loop.responder.publish("second")
        try loop.turn()
        #expect(loop.responder.held.batches == [256])
        try other.send("GET /batches HTTP/1.1\r\nHost: a\r\n\r\n")
        try loop.turn { loop in loop.responder.held.batches.count == 2 }
        #expect(try other.response().text == "[256]")
        #expect(loop.responder.held.batches == [256, 44])
        for stream in streams { #expect(try stream.chunk() == Array("second".utf8)) }
    }

    /// Each delivery fails once, in the middle of a batch that also has the end of the same stream.
    @Test func connectionThatFailsInTheMiddleOfABatch_affectsNoOther() throws {
        let count = 12
        for failing in 1...count {
            let faults = FaultTable()
            let loop = try SteppedLoop(SystemCalls(faults: faults))
            let streams = try loop.follow(count: count)
            try loop.turnUntilIdle()
            loop.responder.held.order(.piece(StreamPiece(Array("second".utf8))))
            loop.responder.order(.end(StreamPiece(Array("last".utf8))))
            faults.arm(.send, .fails(ECONNRESET), .once(at: failing))
            try loop.turn()
            faults.disarm()
            #expect(loop.responder.held.batches == [2 * count])
            // The streams that have ended linger until their clients close too.
            #expect(loop.openConnections == count - 1)
            var failed = 0
            for (number, stream) in streams.enumerated() {
                if loop.responder.held.events(of: "/stream/\(number)").contains(.closed(.gone)) {
                    failed += 1
                    #expect(try stream.readToEnd().isEmpty)
                } else {
                    #expect(try stream.chunk() == Array("second".utf8))
                    #expect(try stream.chunk() == Array("last".utf8))
                    #expect(try stream.chunk() == nil)
                }
            }
            #expect(failed == 1)
        }
    }

    /// A ticket of a closed connection must not reach the one that has taken its place.
    @Test func delivery_doesNotReachTheNextConnection_inTheSameSlot() throws {
        let loop = try SteppedLoop()
        var first = try loop.follow(count: 1)
        let ticket = try #require(loop.tickets.first)
        first.removeLast().resetOnClose()
        try loop.turn { $0.openConnections == 0 }
        let second = try loop.follow(count: 1)
        #expect(loop.tickets.first != ticket)
        loop.responder.held.order(.stray(Delivery(to: ticket, piece: StreamPiece(Array("stray".utf8)))))
        loop.responder.publish("second")
        try loop.turn { $0.responder.held.batches == [2] }
        #expect(try second[0].chunk() == Array("second".utf8))
    }

    /// The held requests end at their own times, which the loop must not sleep through.
    @Test func draining_takesAnotherTurnAtOnce() throws {
        let loop = try SteppedLoop(clock: Clock(ManualClock()))
        let streams = try loop.follow(count: 1)
        try loop.turnUntilIdle()
        #expect(loop.alarm == nil)
        loop.state.drain(until: loop.clock.now + .seconds(10))
        try loop.turn()
        #expect(loop.responder.held.drains == [.seconds(1)])
        let alarm = try #require(loop.alarm)
        #expect(alarm <= loop.clock.now)
        try loop.turn()
        #expect(try streams[0].chunk() == Array("bye".utf8))
        #expect(try streams[0].chunk() == nil)
    }

    @Test func draining_takesHalfTheGrace_whenThatIsLess() throws {
        let loop = try SteppedLoop(clock: Clock(ManualClock()))
        let streams = try loop.follow(count: 1)
        loop.state.drain(until: loop.clock.now + .milliseconds(600))
        try loop.turn()
        #expect(loop.responder.held.drains == [.milliseconds(300)])
        withExtendedLifetime(streams) {}
    }
}

/// A connection loop that runs on the test's thread.
private final class SteppedLoop {
    let responder: EchoResponder
    let state = ServerState(maximumConnections: 10_000)
    let address: SocketAddress
    let clock: Clock
    private var connections: ConnectionLoop
    private var opened = 0

    init(_ system: SystemCalls = SystemCalls(), clock: Clock = .system) throws {
        self.clock = clock
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        address = try system.localAddress(listener.descriptor)
        let executor = try LoopExecutor(system: system)
        let responder = EchoResponder()
        self.responder = responder
        connections = try ConnectionLoop(
            loop: EventLoop(executor: executor, system: system, clock: clock), listener: listener,
            responder: responder.makeLoopResponder(executor), state: state, limits: .defaults,
            logger: silent)
    }

    var openConnections: Int { connections.connections.count }
    var alarm: Instant? { connections.loop.alarm }
    var tickets: [ResponseTicket] {
        connections.connections.ids.map { ResponseTicket(rawValue: $0.source.rawValue) }
    }

    /// Takes one turn. Waits a little for the first event.
    func turn() throws {
        let loop = connections.loop
        _ = try loop.turn(&connections, maximumWait: .milliseconds(5))
    }

    /// Takes turns until a condition holds.
    func turn(until condition: (SteppedLoop) throws -> Bool) throws {
        let deadline = patient()
        while try !condition(self) {
            try #require(Instant.now < deadline, "the condition did not hold")
            try turn()
        }
    }

    /// Takes turns until the held requests need none.
    func turnUntilIdle() throws { try turn { $0.alarm == nil } }

    /// Opens streams and reads their heads and first pieces.
    func follow(count: Int) throws -> [Client] {
        let clients = try (0..<count).map { number in
            let client = try Client(address)
            try client.send("GET /stream/\(opened + number) HTTP/1.1\r\nHost: a\r\n\r\n")
            return client
        }
        opened += count
        let all = opened
        try turn { $0.responder.held.begun == all }
        for client in clients {
            #expect(try client.response(toHead: true).status == 200)
            #expect(try client.chunk() != nil)
        }
        return clients
    }
}
