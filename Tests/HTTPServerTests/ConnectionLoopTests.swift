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
    /// What is encoded for a connection that turns out to be gone must not be left for the next one.
    @Test func failedRead_behindALateAnswer_leavesNothingEncoded() throws {
        let faults = FaultTable()
        let system = SystemCalls(faults: faults)
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        var connectionLoop = try makeConnectionLoop(listener, system)
        let client = try Client(system.localAddress(listener.descriptor))
        connectionLoop.ready(1, Readiness(canRead: true), at: .now)
        let id = try #require(connectionLoop.connections.ids.first)
        let connection = try #require(connectionLoop.connections[id])
        try client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        // The answer of an earlier request has been blocked, and the present one came meanwhile.
        while connection.deferred == nil, connection.task == nil {
            connectionLoop.ready(id.source, Readiness(canRead: true), at: .now)
        }
        connection.conversation.outputBlocked(at: .now)
        connection.unsent = Connection.Unsent(encoded: [0x20], body: [], bodyOffset: 0)
        connection.unsent?.late = Response(status: .ok)
        faults.arm(.recv, .fails(ECONNRESET), .once(at: 1))
        connectionLoop.ready(id.source, Readiness(canRead: true, canWrite: true), at: .now)
        #expect(connectionLoop.connections.count == 0)
        #expect(connectionLoop.output.isEmpty)
    }

    private func makeConnectionLoop(_ listener: Listener, _ system: SystemCalls) throws -> ConnectionLoop {
        let loop = try EventLoop(executor: LoopExecutor(system: system), system: system, clock: .system)
        return try ConnectionLoop(
            loop: loop, listener: listener, responder: EchoResponder(),
            state: ServerState(maximumConnections: 1), limits: Limits.defaults,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}
