import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// The program on machines as operators have them. A test's name is the line of the list of cases.
@Suite(.timeLimit(.minutes(2))) struct FieldTests {
    private static let memory = "--database-url=sqlite::memory:"

    @Test("Fault 10: the start says in one line which store it uses and where that came from")
    func store_isNamedAtTheStart() throws {
        let service = try RunningService(environment: ["MEGAPHONE_READER_AUTH": "{a=[b]}"])
        let path = "\(service.directory.path)/megaphone.db"
        let line = try service.line(containing: "Storing broadcasts in")
        #expect(line.contains("in the SQLite file \(path) (database_url: default)"), "\(line)")
        for (arguments, environment, text) in [
            ([Self.memory], [:], "in memory, until the service stops (database_url: --database-url)"),
            (
                [], ["MEGAPHONE_DATABASE_URL": "mysql://me:s3cret@127.0.0.1:1/d"],
                "in mysql://me:***@127.0.0.1:1/d?ssl-mode=PREFERRED (database_url: MEGAPHONE_DATABASE_URL)"
            ), ([], ["ROCKET_DATABASE_URL": "sqlite:sub.db"], "/sub.db (database_url: ROCKET_DATABASE_URL)"),
        ] as [([String], [String: String], String)] {
            let service = try RunningService(arguments, environment: environment)
            let line = try service.line(containing: "Storing broadcasts in")
            #expect(line.contains(text), "\(line)")
        }
    }

    @Test("Fault 10: the absolute path of an SQLite file is that behind a symbolic link")
    func store_isNamedWithoutSymbolicLinks() throws {
        let directory = try TemporaryDirectory()
        #expect(unsafe symlink("\(directory.path)/real.db", "\(directory.path)/megaphone.db") == 0)
        let service = try RunningService(in: directory)
        let line = try service.line(containing: "Storing broadcasts in")
        #expect(line.contains("\(directory.path)/real.db"), "\(line)")
    }

    @Test(
        "Fault 10: a set but empty MEGAPHONE_DATABASE_URL stops the start with 78",
        arguments: ["MEGAPHONE_DATABASE_URL", "ROCKET_DATABASE_URL"])
    func emptyDatabaseURL_stopsTheStart(name: String) throws {
        let directory = try TemporaryDirectory()
        let (code, output) = try Program.run(["--port=0"], environment: [name: ""], in: directory)
        #expect(code == 78)
        #expect(output.contains("\(name): set, but empty"))
        #expect(unsafe access("\(directory.path)/megaphone.db", F_OK) != 0)
    }

    @Test("Rough edge: _FILE variables, read again at SIGHUP")
    func fileVariables_areRead_andReloaded() throws {
        let directory = try TemporaryDirectory()
        try directory.write("sqlite::memory:\n", to: "url")
        try directory.write("{ autopush = [\"quux\"] }\n", to: "readers")
        let service = try RunningService(
            environment: ["MEGAPHONE_DATABASE_URL_FILE": "url", "MEGAPHONE_READER_AUTH_FILE": "readers"],
            in: directory)
        #expect(
            try service.line(containing: "Storing").contains("(database_url: MEGAPHONE_DATABASE_URL_FILE)"))
        #expect(try service.get().status == 200)
        try directory.write("{ autopush = [\"other\"] }\n", to: "readers")
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "Configuration reloaded")
        #expect(try service.get().status == 401)
        #expect(try service.get(token: "other").status == 200)
        #expect(unsafe unlink("\(directory.path)/readers") == 0)
        service.process.signal(SIGHUP)
        let line = try service.process.line(containing: "configuration unchanged")
        #expect(line.contains("MEGAPHONE_READER_AUTH_FILE: readers: No such file or directory"))
        #expect(try service.get(token: "other").status == 200)
    }

    @Test(
        "Rough edge: a _FILE variable that cannot be read stops the start with 78",
        arguments: [("missing", "No such file"), (".", "not a regular file"), ("large", "larger than 1 MiB")])
    func fileVariable_isChecked(name: String, reason: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "#", count: (1 << 20) + 1), to: "large")
        let (code, output) = try Program.run(
            ["check-config"], environment: ["MEGAPHONE_DATABASE_URL_FILE": name], in: directory)
        #expect(code == 78)
        #expect(output.contains("MEGAPHONE_DATABASE_URL_FILE: \(name): \(reason)"), "\(output)")
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test("Rough edge: unknown MEGAPHONE_* variables warn instead of stopping the start")
    func unknownVariable_isAWarning() throws {
        let service = try RunningService([Self.memory], environment: ["MEGAPHONE_IMAGE_TAG": "7"])
        let line = try service.line(containing: "MEGAPHONE_IMAGE_TAG")
        #expect(line.contains("WARNING") && line.contains("unknown setting, ignored"))
    }

    @Test(
        "Rough edge: SIGUSR1 and SIGUSR2 are ignored, SIGQUIT drains",
        arguments: [[SIGUSR1, SIGUSR2, SIGXFSZ]])
    func signals_neverEndTheServiceWithoutDraining(ignored: [Int32]) throws {
        let service = try RunningService([Self.memory])
        for signal in ignored { service.process.signal(signal) }
        #expect(try service.get().status == 401)
        service.process.signal(SIGQUIT)
        _ = try service.process.line(containing: "Draining")
        #expect(try service.process.waitForExit() == 0)
        #expect(service.process.output.contains("Stopped"))
    }

    @Test("Rough edge: Type=notify with READY, RELOADING and STOPPING")
    func states_areReportedToTheServiceManager() throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifySocket(in: directory)
        try directory.write("database_url = \"sqlite::memory:\"\n", to: "m.toml")
        let service = try RunningService(
            ["--config=m.toml"], environment: ["NOTIFY_SOCKET": manager.path], in: directory)
        #expect(manager.receive() == "READY=1")
        #expect(try service.heartbeat() == 200, "a dependent finds a listener")
        service.process.signal(SIGHUP)
        #expect(manager.receive() == "RELOADING=1")
        #expect(manager.receive() == "READY=1")
        // A reload that fails ends too.
        try directory.write("prot = 1\n", to: "m.toml")
        service.process.signal(SIGHUP)
        #expect(manager.receive() == "RELOADING=1")
        #expect(manager.receive() == "READY=1")
        #expect(try service.stop() == 0)
        #expect(manager.receive() == "STOPPING=1")
    }

    @Test("Rough edge: a service that cannot start is not reported as ready")
    func failedStart_isNotReady() throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifySocket(in: directory)
        let socket = try ListeningSocket()
        let (code, _) = try Program.run(
            ["--port=\(socket.address.port)", Self.memory], environment: ["NOTIFY_SOCKET": manager.path],
            in: directory)
        #expect(code == 71)
        #expect(manager.received().isEmpty)
    }

    /// Runs the program as systemd does: with the device and inode of its output in `JOURNAL_STREAM`.
    private static let journal = [
        "sh", "-c",
        #"JOURNAL_STREAM=$(stat -L -c %d:%i /proc/$$/fd/1); export JOURNAL_STREAM; exec "$0" "$@""#,
    ]

    @Test("Rough edge: journal lines have priorities when stdout is the journal", arguments: [true, false])
    func lines_havePriorities(json: Bool) throws {
        let directory = try TemporaryDirectory()
        let process = try Program.start(
            ["--port=0", Self.memory, "--json-logging=\(json)"], environment: ["PATH": "/usr/bin:/bin"],
            in: directory, through: Self.journal)
        #expect(try process.line(containing: "No tokens").hasPrefix("<4>"))
        #expect(try process.line(containing: "Listening on").hasPrefix("<5>"))
        process.signal(SIGTERM)
        #expect(try process.waitForExit() == 0)
        let failed = try Program.start(
            ["--prot=0"], environment: ["PATH": "/usr/bin:/bin"], in: directory, through: Self.journal)
        #expect(try failed.waitForExit() == 78)
        #expect(failed.output.hasPrefix("<3>megaphone: --prot: unknown setting"))
        // Inherited from a parent, with the output redirected.
        let other = try RunningService([Self.memory], environment: ["JOURNAL_STREAM": "1:2"])
        #expect(!other.process.output.contains("<"))
    }

    @Test("Rough edge: check-config --quiet prints problems only, for ExecReload")
    func checkConfig_canBeQuiet() throws {
        let good = try Program.run(["check-config", "--quiet", "--reader-auth={a=[b]}"])
        #expect(good.code == 0 && good.output.isEmpty, "\(good.output)")
        #expect(try Program.run(["check-config", "--quiet", "--port=x"]).code == 78)
    }

    @Test("Rough edge: healthcheck --live is 0 while the database is away")
    func healthcheck_canAskForLiveness() throws {
        let service = try RunningService(["--database-url=mysql://u@127.0.0.1:1/d"])
        let port = "--port=\(service.address.port)"
        #expect(try Program.run(["healthcheck", "--live", port]).code == 0)
        #expect(try Program.run(["healthcheck", port]).code == 1)
        let url = "--url=http://127.0.0.1:\(service.address.port)"
        #expect(try Program.run(["healthcheck", "--live", url]).code == 0)
        #expect(try Program.run(["healthcheck", url]).code == 1)
    }

    @Test("Rough edge: healthcheck finds the port of a mounted file")
    func healthcheck_readsTheFileOfTheService() throws {
        let directory = try TemporaryDirectory()
        let environment = ["MEGAPHONE_CONFIG": "\(directory.path)/m.toml"]
        try withUnusedPort { port in
            try directory.write("port = \(port)\ndatabase_url = \"sqlite::memory:\"\n", to: "m.toml")
            let process = try Program.start(["serve"], environment: environment, in: directory)
            do {
                _ = try process.line(containing: "Listening on http://127.0.0.1:\(port)")
            } catch ChildProcess.Failure.ended(let output) where output.contains("Address already in use") {
                throw PortInUse(port)
            }
            #expect(try Program.run(["healthcheck", "--live"], environment: environment).code == 0)
        }
        let (code, output) = try Program.run(
            ["check-config"], environment: ["MEGAPHONE_CONFIG": "/no/such.toml"])
        #expect(code == 78 && output.contains("/no/such.toml"))
    }

    @Test("HTTP 7: healthcheck --url http://localhost tries both families")
    func healthcheck_triesBothFamilies() throws {
        let directory = try TemporaryDirectory()
        let process = try Program.start(
            ["--address=::1", "--port=0", Self.memory, "--json-logging=false"], in: directory)
        let line = try process.line(containing: "Listening on http://[::1]:")
        let port = try #require(line.split(separator: ":").last)
        #expect(try Program.run(["healthcheck", "--url=http://localhost:\(port)"]).code == 0)
        #expect(try Program.run(["healthcheck", "--url=http://127.0.0.1:\(port)"]).code == 1)
    }

    @Test("HTTP 7: ROCKET_ADDRESS=localhost works, [::] in brackets too")
    func address_mayBeAName() throws {
        let directory = try TemporaryDirectory()
        for (address, authority) in [("localhost", "localhost"), ("[::]", "[::]"), ("[::1]", "[::1]")] {
            let process = try Program.start(
                ["--port=0", Self.memory, "--json-logging=false"], environment: ["ROCKET_ADDRESS": address],
                in: directory)
            let line = try process.line(containing: "Listening on http://\(authority):")
            let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
            let to: SocketAddress =
                authority == "[::1]" ? .version6(0, 1, port: port) : .version4(0x7F00_0001, port: port)
            #expect(try Client(to).exchange("GET /__lbheartbeat__ HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        }
        // A label of a host name has at most 63 characters, so the lookup fails without a query.
        let name = String(repeating: "x", count: 64) + ".invalid"
        let (code, output) = try Program.run(["--address=\(name)", "--port=0", Self.memory])
        #expect(code == 71)
        #expect(
            output.contains("cannot resolve address \(name): ") && output.split(separator: "\n").count == 1)
    }

    @Test("HTTP 7: hash-token refuses two lines")
    func hashToken_takesOneLine() throws {
        for input in ["foobar\nquux\n", "foobar\n\nquux"] {
            let (code, output) = try Program.run(["hash-token"], input: input)
            #expect(code == 65)
            #expect(output.contains("more than one line") && !output.contains("sha256"))
        }
        #expect(try Program.run(["hash-token"], input: "foobar\n\n").code == 0)
    }
}
