import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// The environment of the program: resource limits, files and other hosts.
@Suite(.timeLimit(.minutes(2))) struct OperationTests {
    @Test func unknownStatsDHost_isLogged_andDoesNotStopTheService() throws {
        // A label of a host name has at most 63 characters, so the lookup fails without a query.
        let host = String(repeating: "x", count: 64) + ".invalid"
        let service = try RunningService(["--database-url=sqlite::memory:", "--statsd-host=\(host)"])
        let line = try service.line(containing: host)
        #expect(line.contains("WARNING") && line.contains("statsd_host"))
        #expect(try service.get().status == 401)
    }

    @Test func versionFileThatIsAFIFO_returns500_andBlocksNothing() throws {
        let directory = try TemporaryDirectory()
        #expect(unsafe mkfifo("\(directory.path)/version.json", 0o600) == 0)
        let service = try RunningService(["--database-url=sqlite::memory:"], in: directory)
        let response = try Client(service.address).exchange("GET /__version__ HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(response.status == 500)
        #expect(try service.get().status == 401)
        #expect(try service.stop() == 0)
    }

    @Test func loops_matchTheAllowedProcessors() throws {
        let service = try RunningService(
            ["--database-url=sqlite::memory:"], workers: 0, through: ["taskset", "--cpu-list", "0"])
        #expect(try service.threadNames().count { $0.hasPrefix("loop-") } == 1)
    }

    @Test(arguments: [(64, true), (1, false)])
    func tooFewDescriptors_areLogged_countingEveryLoop(workers: Int, isWarned: Bool) throws {
        let service = try RunningService(
            ["--database-url=sqlite::memory:", "--max-connections=100"], workers: workers,
            through: ["sh", "-c", "ulimit -n 320; exec \"$0\" \"$@\""])
        #expect(service.process.output.contains("max_connections is 100") == isWarned)
    }

    @Test func healthcheck_sendsTheGivenHost_andNamesTheCallThatTimedOut() throws {
        let system = SystemCalls()
        let socket = try ListeningSocket()
        let port = socket.address.port
        let directory = try TemporaryDirectory()
        let probe = try Program.start(["healthcheck", "--url=http://localhost:\(port)/a"], in: directory)
        #expect(waitUntilReadable(socket.descriptor.rawValue))
        var peer = SocketAddress.version4(0, port: 0)
        let connection = try system.accept(socket.descriptor, peer: &peer)
        #expect(waitUntilReadable(connection.rawValue))
        var bytes = [UInt8](repeating: 0, count: 1024)
        let (count, _) = try system.receive(connection, into: &bytes)
        let request = String(decoding: bytes[..<count], as: UTF8.self)
        #expect(request.hasPrefix("GET /a HTTP/1.1\r\nHost: localhost:\(port)\r\n"))
        // The connection is open, but no response is sent.
        #expect(try probe.waitForExit() == 1)
        #expect(probe.output.contains("recv: Connection timed out"))
    }

    private func waitUntilReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 20_000) == 1
    }
}
