import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// Two programs that listen on one port.
@Suite(.timeLimit(.minutes(2))) struct SharedPortTests {
    private static let memory = "--database-url=sqlite::memory:"

    private func expectRefusal(_ arguments: [String], port: UInt16) throws {
        let (code, output) = try Program.run(arguments + ["--port=\(port)", Self.memory])
        #expect(code == 71)
        #expect(output.contains("port \(port)") && output.contains("Address already in use"), "\(output)")
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test(arguments: [1, 2], ["127.0.0.1", "0.0.0.0"])
    func portOfAnotherService_isRejected_withOneLine(workers: Int, address: String) throws {
        let service = try RunningService([Self.memory, "--address=\(address)"], workers: workers)
        let port = service.address.port
        for arguments in [["--workers=1"], ["--workers=2"], ["--workers=2", "--address=0.0.0.0"]] {
            try expectRefusal(arguments, port: port)
        }
        for _ in 0..<20 { #expect(try service.heartbeat() == 200) }
    }

    /// HAProxy and others set SO_REUSEPORT on their listeners.
    @Test(arguments: ["--workers=1", "--workers=2"])
    func portWithReusePort_isRejected(workers: String) throws {
        let system = SystemCalls()
        let socket = try system.socket(.version4)
        try system.setOption(socket, .reuseAddress, 1)
        try system.setOption(socket, .reusePort, 1)
        try system.bind(socket, to: .version4(0, port: 0))
        try system.listen(socket, backlog: 1)
        try expectRefusal([workers], port: system.localAddress(socket).port)
    }

    @Test(arguments: [1, 2])
    func sharedPort_acceptsSharingServicesOnly(workers: Int) throws {
        let first = try RunningService([Self.memory, "--share-port=true"], workers: workers)
        let port = first.address.port
        try expectRefusal(["--workers=2"], port: port)
        let second = try RunningService([Self.memory, "--share-port=true"], port: port, workers: workers)
        #expect(try first.stop() == 0)
        for _ in 0..<20 { #expect(try second.heartbeat() == 200) }
        #expect(try second.stop() == 0)
    }
}
