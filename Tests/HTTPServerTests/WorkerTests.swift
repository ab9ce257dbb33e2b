import EventLoop
import Glibc
import HTTPTypes
import HTTPWire
import Logging
import TestSupport
import Testing
import Time

@testable import HTTPServer

/// One worker without its thread, so that two events can be made to come at once.
@Suite struct WorkerTests {
    /// What is encoded for a connection that turns out to be gone must not be left for the next one.
    @Test func failedRead_behindALateAnswer_leavesNothingEncoded() throws {
        let faults = FaultTable()
        let system = SystemCalls(faults: faults)
        let listener = try Listener(address: .version4(0x7F00_0001, port: 0), system: system)
        var worker = try makeWorker(listener, system)
        let client = try Client(system.localAddress(listener.descriptor))
        worker.ready(1, Readiness(canRead: true), at: .now)
        let token = try #require(worker.connections.tokens.first)
        let connection = try #require(worker.connections[token])
        try client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        // The answer of an earlier request has been blocked, and the present one came meanwhile.
        while connection.deferred == nil, connection.task == nil {
            worker.ready(token, Readiness(canRead: true), at: .now)
        }
        connection.conversation.outputBlocked(at: .now)
        connection.unsent = Connection.Unsent(encoded: [0x20], body: [], bodyOffset: 0)
        connection.unsent?.late = Response(status: .ok)
        faults.arm(.recv, .fails(ECONNRESET), .once(at: 1))
        worker.ready(token, Readiness(canRead: true, canWrite: true), at: .now)
        #expect(worker.connections.count == 0)
        #expect(worker.output.isEmpty)
    }

    private func makeWorker(_ listener: Listener, _ system: SystemCalls) throws -> Worker {
        let reactor = try Reactor(loop: EventLoop(system: system), system: system)
        return try Worker(
            reactor: reactor, listener: listener, responder: EchoResponder(),
            state: ServerState(maximumConnections: 1), limits: Limits(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}
