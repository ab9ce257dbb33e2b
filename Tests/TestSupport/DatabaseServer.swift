internal import Glibc
package import Testing

/// A database server that one test may pause, kill and start again. It begins as a copy of the one that
/// Scripts/with-mariadb made, and is gone with the value.
package final class DatabaseServer {
    package struct CannotStart: Error {
        let output: String
    }

    package private(set) var port: UInt16 = 0
    private let directory: String
    private let program: String
    private let options: [String]
    private var process: ChildProcess?

    /// Whether Scripts/with-mariadb said how to start one.
    package static var isAvailable: Bool { variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") != nil }

    /// Copies the template and starts, with more options for the server, and statements that it runs at each
    /// start, a line each.
    package init(_ options: String..., running statements: String = "") throws {
        let template = Self.variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") ?? ""
        program = Self.variable("MEGAPHONE_TEST_MYSQLD") ?? ""
        // Beside the template, so that the server's user may go there and the script clears up what a crash
        // leaves.
        directory = "\(template).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        self.options = options + ["--init-file=\(directory)/init.sql"]
        try Self.run("cp", ["-a", template, directory])
        try Self.run("tee", ["\(directory)/init.sql"], input: statements + "\n")
        try withUnusedPort { port in
            self.port = port
            try start()
        }
    }

    deinit {
        process = nil
        try? Self.run("rm", ["-rf", directory])
    }

    /// The user who may do everything, in the empty database `megaphone`.
    package var url: String { url(user: "megaphone", password: "p%40ss%2Fword") }

    /// Somebody else, percent-encoded, in the same database.
    package func url(user: String, password: String) -> String {
        "mysql://\(user):\(password)@127.0.0.1:\(port)/megaphone?ssl-mode=DISABLED"
    }

    /// Starts the server on the port it had, and returns once it takes connections.
    package func start() throws {
        let server =
            [
                program, "--no-defaults", "--datadir=\(directory)", "--tmpdir=\(directory)",
                "--socket=\(directory)/socket", "--pid-file=\(directory)/pid", "--bind-address=127.0.0.1",
                "--port=\(port)", "--innodb-buffer-pool-size=32M",
            ] + options + (program.hasSuffix("mysqld") ? Self.oracleOptions : [])
        // A server refuses to run as root. No parent-death signal: the kernel takes the thread for the
        // parent, and those of Swift's pool come and go. Scripts/with-mariadb ends what a crash leaves.
        let user = geteuid() == 0 ? ["--reuid=nobody", "--regid=65534", "--clear-groups"] : []
        let process = try ChildProcess(
            "setpriv", user + ["--"] + server,
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin"])
        do {
            _ = try process.line(containing: "ready for connections", timeoutSeconds: 120)
        } catch ChildProcess.Failure.ended(let output) where output.contains("Address already in use") {
            throw PortInUse(port)
        }
        self.process = process
    }

    /// Ends it without any farewell, as a power cut would, and returns when it has ended.
    package func kill() throws {
        process?.signal(SIGKILL)
        _ = try process?.waitForExit()
        process = nil
    }

    /// Stops it in mid-work: connections stay open, and nobody answers.
    package func pause() {
        process?.pause()
    }

    package func resume() {
        process?.signal(SIGCONT)
    }

    /// As in Scripts/with-mariadb: no second protocol, no directory of the package, a small log.
    private static let oracleOptions = [
        "--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=8M",
    ]

    private static func run(_ program: String, _ arguments: [String], input: String = "") throws {
        let process = try ChildProcess(
            program, arguments, environment: ["PATH": "/usr/bin:/bin"], input: input)
        guard try process.waitForExit() == 0 else { throw CannotStart(output: process.output) }
    }

    private static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips, and says so, where no database server can be started.
    package static var needsDatabaseServer: Self {
        .enabled(
            if: DatabaseServer.isAvailable,
            "MEGAPHONE_TEST_MYSQL_TEMPLATE is not set; see Scripts/with-mariadb")
    }
}
