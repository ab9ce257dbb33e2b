import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPTypes
import HTTPWire
import Logging
import Synchronization
import TestSupport
import Testing
import Time

@testable import HTTPServer

/// A connection loop without its thread, so that a test can deliver two events at once.
@Suite struct ConnectionLoopTests {
    /// Output encoded for a connection whose read then fails is dropped. It is not sent to another client.
    @Test func failedRead_dropsTheOutput_ofALateResponse() throws {
        let faults = FaultTable()
        let system = SystemCalls(faults: faults)
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        var connectionLoop = try makeConnectionLoop(listener, system)
        let client = try Client(system.localAddress(listener.descriptor))
        connectionLoop.ready(1, Readiness(canRead: true), at: .now)
        let id = try #require(connectionLoop.connections.ids.first)
        let box = try #require(connectionLoop.connections[id])
        try client.send("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n")
        while case .none = box.connection.response {
            connectionLoop.ready(id.source, Readiness(canRead: true), at: .now)
        }
        // The current response becomes ready while an earlier one is blocked.
        faults.arm(.send, .fails(EAGAIN), .always(from: 1))
        box.connection.output.lend(SpareBuffer())
        box.connection.output.encode { $0.append(0x20) }
        box.connection.conversation.outputBlocked(at: .now)
        connectionLoop.finish(&box.connection, id, with: Response(status: .ok), at: .now)
        #expect(box.connection.output.encodedCount > 1)
        faults.disarm()
        faults.arm(.recv, .fails(ECONNRESET), .once(at: 1))
        connectionLoop.ready(id.source, Readiness(canRead: true, canWrite: true), at: .now)
        #expect(connectionLoop.connections.count == 0)
    }

    /// While descriptors are exhausted, each loop tries to accept ten times a second.
    @Test(arguments: [
        (SystemCall.accept4, EMFILE, "Cannot accept connections: the process has as many open files"),
        (.accept4, ENFILE, "Cannot accept connections: the system has as many open files"),
        (.accept4, ENOBUFS, "Cannot accept connections: out of memory"),
        (.epollControl, ENOSPC, "cannot register it with epoll"),
    ])
    func repeatedFailure_isLoggedOnceASecond_forAllLoops(
        call: SystemCall, error: Int32, message: String
    ) throws {
        let faults = FaultTable()
        let system = SystemCalls(faults: faults)
        let state = ServerState(maximumConnections: 100)
        let lines = LogRecorder()
        let manual = ManualClock()
        let listeners = try (0..<2).map { _ in
            try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        }
        var first = try makeConnectionLoop(listeners[0], system, state, lines, Clock(manual))
        var second = try makeConnectionLoop(listeners[1], system, state, lines, Clock(manual))
        faults.arm(call, .fails(error), .always(from: 1))
        var clients: [Client] = []
        for _ in 0..<25 {
            // Each turn of a loop has one new connection to accept.
            for listener in listeners { clients.append(try Client(system.localAddress(listener.descriptor))) }
            first.ready(1, Readiness(canRead: true), at: manual.now)
            second.ready(1, Readiness(canRead: true), at: manual.now)
            manual.advance(by: .milliseconds(100))
        }
        let found = lines.lines
        #expect(found.count == 3, "\(found)")
        #expect(found.allSatisfy { $0.contains(message) })
        #expect(found.map { $0.split(separator: "=").last } == ["0", "19", "19"])
    }

    private func makeConnectionLoop(
        _ listener: Listener, _ system: SystemCalls,
        _ state: ServerState = ServerState(maximumConnections: 1), _ lines: LogRecorder = LogRecorder(),
        _ clock: Clock = .system
    ) throws -> ConnectionLoop {
        let loop = try EventLoop(executor: LoopExecutor(system: system), system: system, clock: clock)
        return try ConnectionLoop(
            loop: loop, listener: listener, responder: EchoLoop(EchoResponder()), state: state,
            limits: Limits.defaults,
            logger: lines.logger)
    }
}
