import Broadcasts
import Glibc
import Synchronization
import TestSupport

@testable import MySQLStore

/// A database server that one test may pause, kill and start again. It begins as a copy of the one that
/// Scripts/with-mariadb made, and is gone with the value.
final class PrivateServer {
    struct CannotStart: Error {
        let output: String
    }

    /// An empty database on it.
    let address: MySQLAddress
    private let directory: String
    private let program: String
    private let options: [String]
    private var process: ChildProcess?

    init(_ options: String...) throws {
        let template = TestServer.variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") ?? ""
        program = TestServer.variable("MEGAPHONE_TEST_MYSQLD") ?? ""
        self.options = options
        // Beside the template, so that the server's user may go there and the script clears up what a crash
        // leaves.
        directory = "\(template).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        try Self.run("cp", ["-a", template, directory])
        // Ports from 32768 on belong to outgoing connections.
        let port = UInt16.random(in: 10_000..<30_000)
        address = try TestServer.require().with(host: "127.0.0.1", port: port)
        try start()
    }

    deinit {
        process = nil
        try? Self.run("rm", ["-rf", directory])
    }

    /// Starts the server and returns once it takes connections.
    func start() throws {
        let server =
            [
                program, "--no-defaults", "--datadir=\(directory)", "--tmpdir=\(directory)",
                "--socket=\(directory)/socket", "--pid-file=\(directory)/pid", "--bind-address=127.0.0.1",
                "--port=\(address.port)", "--innodb-buffer-pool-size=32M",
            ] + options + (program.hasSuffix("mysqld") ? Self.oracleOptions : [])
        let user = geteuid() == 0 ? ["--reuid=nobody", "--regid=65534", "--clear-groups"] : []
        let process = try ChildProcess(
            "setpriv", user + ["--pdeathsig=KILL", "--"] + server,
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin"])
        _ = try process.line(containing: "ready for connections")
        self.process = process
    }

    /// The server's connections stay, and nobody answers.
    func pause() { process?.signal(SIGSTOP) }

    func resume() { process?.signal(SIGCONT) }

    /// Ends it without any farewell, and returns when it has ended.
    func kill() throws {
        process?.signal(SIGKILL)
        _ = try process?.waitForExit()
        process = nil
    }

    /// As in Scripts/with-mariadb: no second protocol, no directory of the package, a small log.
    private static let oracleOptions = [
        "--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=8M",
    ]

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = try ChildProcess(program, arguments, environment: ["PATH": "/usr/bin:/bin"])
        guard try process.waitForExit() == 0 else { throw CannotStart(output: process.output) }
    }
}
