internal import Glibc
package import Testing

/// A database server of a test's own, that it may pause, kill and start again. It is made from the template
/// of Scripts/with-mariadb.
package final class DatabaseServer {
    private let directory: TemporaryDirectory
    private var process: ChildProcess?
    package let port: UInt16

    package struct NoTemplate: Error {}

    /// Whether Scripts/with-mariadb said how to start one.
    package static var isAvailable: Bool { variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") != nil }

    /// Copies the template and starts.
    package init() throws {
        guard let template = Self.variable("MEGAPHONE_TEST_MYSQL_TEMPLATE") else { throw NoTemplate() }
        directory = try TemporaryDirectory()
        // Below the ports of outgoing connections, and away from those of Scripts/with-mariadb.
        port = UInt16.random(in: 30_100..<32_700)
        _ = try ChildProcess("/bin/cp", ["-a", template, "\(directory.path)/data"]).waitForExit()
        _ = try ChildProcess("/bin/chmod", ["755", directory.path]).waitForExit()
        try start()
    }

    /// The user who may do everything, in the empty database `megaphone`.
    package var url: String {
        "mysql://megaphone:p%40ss%2Fword@127.0.0.1:\(port)/megaphone?ssl-mode=DISABLED"
    }

    /// Starts, and returns when it takes connections.
    package func start() throws {
        guard let program = Self.variable("MEGAPHONE_TEST_MYSQLD") else { throw NoTemplate() }
        let command =
            [
                program, "--no-defaults", "--datadir=\(directory.path)/data", "--tmpdir=/tmp",
                "--innodb-buffer-pool-size=32M", "--socket=\(directory.path)/data/socket",
                "--bind-address=127.0.0.1", "--port=\(port)",
            ] + (program.contains("mariadbd") ? ["--innodb-log-file-size=8M"] : ["--mysqlx=OFF"])
        // A server refuses to run as root.
        let user = geteuid() == 0 ? ["--reuid=mysql", "--regid=mysql", "--init-groups"] : []
        let process = try ChildProcess("/usr/bin/setpriv", user + ["--pdeathsig=KILL", "--"] + command)
        _ = try process.line(containing: "ready for connections", timeoutSeconds: 120)
        self.process = process
    }

    /// Ends it as a power cut would.
    package func kill() throws {
        process?.signal(SIGKILL)
        _ = try process?.waitForExit()
        process = nil
    }

    /// Stops it in mid-work: connections stay open, and nothing answers.
    package func pause() {
        process?.signal(SIGSTOP)
    }

    package func resume() {
        process?.signal(SIGCONT)
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
