import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPTypes
import HTTPWire
import Logging
import TestSupport
import Testing
import Time

@testable import HTTPServer

/// One connection loop without its thread, so that two events can be made to come at once.
@Suite struct ConnectionLoopTests {
    /// The output of a connection that turns out to be gone goes with it, and not to the next one.
    @Test func failedRead_behindALateResponse_leavesNothingToOthers() throws {
        let faults = FaultTable()
        let system = SystemCalls(faults: faults)
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        var connectionLoop = try makeConnectionLoop(listener, system)
        let client = try Client(system.localAddress(listener.descriptor))
        connectionLoop.ready(1, Readiness(canRead: true), at: .now)
        let id = try #require(connectionLoop.connections.ids.first)
        let connection = try #require(connectionLoop.connections[id])
        try client.send("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n")
        while case .none = connection.response {
            connectionLoop.ready(id.source, Readiness(canRead: true), at: .now)
        }
        // An earlier response is blocked, and the present one comes meanwhile.
        faults.arm(.send, .fails(EAGAIN), .always(from: 1))
        connection.output.lend(SpareBuffer())
        connection.output.encode { $0.append(0x20) }
        connection.conversation.outputBlocked(at: .now)
        connectionLoop.finish(connection, id, with: Response(status: .ok), at: .now)
        #expect(connection.output.encodedCount > 1)
        faults.disarm()
        faults.arm(.recv, .fails(ECONNRESET), .once(at: 1))
        connectionLoop.ready(id.source, Readiness(canRead: true, canWrite: true), at: .now)
        #expect(connectionLoop.connections.count == 0)
    }

    private func makeConnectionLoop(_ listener: Listener, _ system: SystemCalls) throws -> ConnectionLoop {
        let loop = try EventLoop(executor: LoopExecutor(system: system), system: system, clock: .system)
        return try ConnectionLoop(
            loop: loop, listener: listener, responder: EchoLoop(EchoResponder()),
            state: ServerState(maximumConnections: 1), limits: Limits.defaults,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}
