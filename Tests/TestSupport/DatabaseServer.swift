internal import Glibc
package import Testing

/// A database server that a test can pause, kill and restart. Its data is a copy of the template of
/// Scripts/with-mariadb. The server and the copy are removed when this object is released.
package final class DatabaseServer {
    package struct CannotStart: Error {
        let output: String
    }

    package private(set) var port: UInt16 = 0
    private let directory: String
    private let program: String
    private var options: [String]
    private var process: ChildProcess?

    /// Whether Scripts/with-mariadb has set the variables that are needed to start one.
    package static var isAvailable: Bool { variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") != nil }

    /// Copies the template and starts the server with additional options. The server runs the statements, one
    /// per line, at each start.
    package init(_ options: String..., running statements: String = "") throws {
        let template = Self.variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") ?? ""
        program = Self.variable("MEGAPHONE_TEST_MYSQLD") ?? ""
        // Next to the template, where the server's user has access and the script removes what a crash
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

    /// The URL of a user with all privileges, for the empty database `megaphone`.
    package var url: String { url(user: "megaphone", password: "p%40ss%2Fword") }

    /// Returns the URL of another user, for the same database. Both arguments must be percent-encoded.
    package func url(user: String, password: String) -> String {
        "mysql://\(user):\(password)@127.0.0.1:\(port)/megaphone?ssl-mode=DISABLED"
    }

    /// Starts the server on its port, and returns when it accepts connections.
    package func start() throws {
        let server =
            [
                program, "--no-defaults", "--datadir=\(directory)", "--tmpdir=\(directory)",
                "--socket=\(directory)/socket", "--pid-file=\(directory)/pid", "--bind-address=127.0.0.1",
                "--port=\(port)", "--innodb-buffer-pool-size=32M",
            ] + options + (program.hasSuffix("mysqld") ? Self.oracleOptions : [])
        // The server refuses to run as root. A parent-death signal cannot be used: the kernel sends it when
        // the thread that forked ends, and threads of Swift's pool may end. Scripts/with-mariadb kills what a
        // crash leaves.
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

    /// Kills the server with SIGKILL, and returns when it has ended.
    package func kill() throws {
        process?.signal(SIGKILL)
        _ = try process?.waitForExit()
        process = nil
    }

    /// Shuts the server down and starts it with additional options.
    package func restart(_ options: String...) throws {
        process?.signal(SIGTERM)
        _ = try process?.waitForExit()
        process = nil
        self.options += options
        try start()
    }

    /// Stops the server with SIGSTOP: connections stay open, but it sends nothing.
    package func pause() {
        process?.pause()
    }

    package func resume() {
        process?.signal(SIGCONT)
    }

    /// As in Scripts/with-mariadb: without the X Protocol and the package's import directory, with a small
    /// log.
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
    /// Skips the test, with a comment, if no database server can be started.
    package static var needsDatabaseServer: Self {
        .enabled(
            if: DatabaseServer.isAvailable,
            "MEGAPHONE_TEST_MYSQL_TEMPLATE is not set; see Scripts/with-mariadb")
    }
}
