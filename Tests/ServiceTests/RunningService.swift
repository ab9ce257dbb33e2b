import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// The built program, running in its own directory and on its own port.
final class RunningService {
    let process: ChildProcess
    let address: SocketAddress
    let directory: TemporaryDirectory

    /// Starts the program and waits until it listens. Throws `PortInUse` if the port is in use. `through` is
    /// a command that runs the program.
    init(
        _ arguments: [String] = [], environment: [String: String] = [:],
        in directory: TemporaryDirectory? = nil, port: UInt16 = 0, workers: Int = 1,
        through command: [String] = []
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        process = try Program.start(
            Self.command + ["--port=\(port)", "--workers=\(workers)"] + arguments, environment: environment,
            in: self.directory, through: command)
        do {
            let line = try process.line(containing: "Listening on http://")
            address = .version4(0x7F00_0001, port: try #require(Self.port(inLine: line)))
        } catch ChildProcess.Failure.ended(let output) where output.contains("Address already in use") {
            throw PortInUse(port)
        }
    }

    /// Starts the program with its output in a file of the directory, and waits until it listens.
    init(_ arguments: [String], logsTo name: String) throws {
        let directory = try TemporaryDirectory()
        let process = try Program.start(
            Self.command + ["--port=0", "--workers=1"] + arguments, in: directory,
            outputFile: "\(directory.path)/\(name)")
        var port: UInt16?
        try eventually {
            port = try directory.read(name).split(separator: "\n").lazy.compactMap(Self.port).first
            return port != nil || !process.isRunning
        }
        address = .version4(0x7F00_0001, port: try #require(port))
        self.directory = directory
        self.process = process
    }

    /// Returns the port in the line that reports where the program listens.
    private static func port(inLine line: some StringProtocol) -> UInt16? {
        guard line.contains("Listening on http://") else { return nil }
        return line.split(separator: ":").last.flatMap { UInt16($0) }
    }

    private static let command = ["serve", "--json-logging=false"]

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

    /// Returns the status of the load balancer's check.
    func heartbeat() throws -> Int {
        try Client(address).exchange("GET /__lbheartbeat__ HTTP/1.1\r\nHost: a\r\n\r\n").status
    }

    /// Returns a line of the log that contains the text. Waits for it if it has not been read yet.
    func line(containing text: String) throws -> String {
        let earlier = process.output.split(separator: "\n").first { $0.contains(text) }
        return try earlier.map(String.init) ?? process.line(containing: text)
    }

    /// Returns the names of the program's threads.
    func threadNames() throws -> [String] {
        let threads = "/proc/\(process.processID)/task"
        let names = try ChildProcess(
            "/bin/sh", ["-c", "cat \(threads)/*/comm"], environment: ["PATH": "/bin"])
        _ = try names.waitForExit()
        return names.output.split(separator: "\n").map(String.init)
    }

    /// Sends a GET for a path that needs no token.
    func get(path: String) throws -> ReceivedResponse {
        try Client(address).exchange("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    /// Sends SIGTERM and waits. Returns the exit code.
    func stop() throws -> Int32 {
        process.signal(SIGTERM)
        return try process.waitForExit()
    }
}

/// The built binary.
enum Program {
    /// Starts it in a directory. It does not inherit the environment of the tests.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], in directory: TemporaryDirectory,
        input: String = "", outputFile: String? = nil, through command: [String] = []
    ) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/env", ["-C", directory.path] + command + [BuiltProgram.path] + arguments,
            environment: environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in given },
            input: input, outputFile: outputFile)
    }

    /// Runs it until it exits.
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
