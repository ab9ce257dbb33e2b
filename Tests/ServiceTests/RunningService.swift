import EventLoop
import Glibc
import TestSupport
import Testing

/// The real program, started in a directory of its own on a port of its own.
final class RunningService {
    let process: ChildProcess
    let address: SocketAddress
    let directory: TemporaryDirectory

    /// Waits until the program says where it listens.
    init(
        _ arguments: [String] = [], environment: [String: String] = [:],
        in directory: TemporaryDirectory? = nil,
        port: UInt16 = 0
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        process = try Program.start(
            Self.command + ["--port=\(port)"] + arguments, environment: environment, in: self.directory)
        let line = try process.line(containing: "Listening on http://")
        let number = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
        address = .version4(0x7F00_0001, port: number)
    }

    /// Lets the log go to a file of the directory, and waits until the program takes connections.
    init(_ arguments: [String], logsTo name: String) throws {
        directory = try TemporaryDirectory()
        let port = try Self.freePort()
        address = .version4(0x7F00_0001, port: port)
        process = try Program.start(
            Self.command + ["--port=\(port)"] + arguments, in: directory,
            outputFile: "\(directory.path)/\(name)")
        while (try? Client(address)) == nil, process.isRunning { sched_yield() }
    }

    private static let command = ["serve", "--json-logging=false", "--workers=1"]

    /// A port that nobody listens on now.
    private static func freePort() throws -> UInt16 {
        let system = SystemCalls()
        let socket = try system.socket(.version4)
        try system.setOption(socket, .reuseAddress, 1)
        try system.bind(socket, to: .version4(0x7F00_0001, port: 0))
        return try system.localAddress(socket).port
    }

    /// The tokens of the README.
    static let tokens = ["--broadcaster-auth={test=[\"foobar\"]}", "--reader-auth={autopush=[\"quux\"]}"]

    func put(_ version: String, to channel: String = "test/channel", token: String = "foobar") throws
        -> ReceivedResponse
    {
        try Client(address).exchange(
            """
            PUT /v1/broadcasts/\(channel) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r
            Content-Length: \(version.utf8.count)\r\n\r\n\(version)
            """)
    }

    func get(token: String = "quux") throws -> ReceivedResponse {
        try Client(address).exchange(
            "GET /v1/broadcasts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n")
    }

    /// Sends SIGTERM and waits. Returns the exit code.
    func stop() throws -> Int32 {
        process.signal(SIGTERM)
        return try process.waitForExit()
    }
}

/// The built binary.
enum Program {
    /// Beside the test bundle, whatever folder the build uses.
    static let path: String = {
        let arguments = CommandLine.arguments
        let bundle =
            arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] } ?? arguments[0]
        return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
            + "/megaphone"
    }()

    /// Starts it with a directory to work in. Nothing of the environment of the tests reaches it.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], in directory: TemporaryDirectory,
        input: String = "", outputFile: String? = nil
    ) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/env", ["-C", directory.path, path] + arguments,
            environment: environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in given },
            input: input, outputFile: outputFile)
    }

    /// Runs it to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in directory: TemporaryDirectory? = nil,
        input: String = ""
    ) throws -> (code: Int32, output: String) {
        let directory = try directory ?? TemporaryDirectory()
        return try withExtendedLifetime(directory) {
            let process = try start(arguments, environment: environment, in: directory, input: input)
            return (try process.waitForExit(), process.output)
        }
    }
}
