import Bytes
import EventLoop
import TestSupport
import Testing

/// Configuration errors: one line for each problem, and the exit code.
@Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
    @Test(arguments: [
        (["--prot=1"], "prot"), (["--port=abc"], "port"), (["--port=70000"], "port"),
        (["--address=example.com:80"], "address"), (["--database-url=postgres://x"], "database_url"),
        (["--max-staleness=5"], "max_staleness"),
        (["--broadcaster-auth={test=\"a\"}", "--reader-auth={b=\"a\"}"], "token"),
        (["--config=missing.toml"], "missing.toml"), (["--statsd-host=no such host"], "statsd_host"),
    ])
    func start_exitsWith78_andNamesTheProblem(arguments: [String], name: String) throws {
        let (code, output) = try Program.run(arguments)
        #expect(code == 78)
        #expect(output.contains(name))
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test func checkConfig_reportsEveryProblem() throws {
        let directory = try TemporaryDirectory()
        try directory.write("prot = 1\nport = \"x\"\nkeep_alive = 3\n", to: "bad.toml")
        let (code, output) = try Program.run(["check-config", "--config=bad.toml"], in: directory)
        #expect(code == 78)
        #expect(output.split(separator: "\n").count == 3)
    }

    @Test func unexpectedArgument_isAUsageError_namingItsPosition() throws {
        let (code, output) = try Program.run(["--port=80", "frobnicate"])
        #expect(code == 64)
        #expect(output.contains("after --port") && output.contains("megaphone serve --help"))
        #expect(try Program.run(["frobnicate"]).output.contains("The first argument"))
    }

    /// An argument that the shell split, or that is misplaced, may be a token or a password.
    @Test(arguments: [
        ["--reader-auth", "{a=[tok1],", "b=[s3cret]}"], ["mysql://me:s3cret@db/x"], ["-s3cret"],
        ["check-config", "--database-url", "mysql://me:s3cret@db/x", "s3cret"], ["--port=1", "--", "s3cret"],
        ["serve", "s3cret"], ["migrate", "s3cret"], ["healthcheck", "s3cret"], ["hash-token", "s3cret"],
        ["hash-token", "-s3cret"], ["hash-token", "--s3cret"], ["--port", "s3cret"],
        ["--reader-auth={a=[s3cret],a=[s3cret]}"], ["healthcheck", "--url=http://s3cret@db"],
    ])
    func secretsOnTheCommandLine_areNotPrinted(arguments: [String]) throws {
        let (code, output) = try Program.run(arguments)
        #expect(code == 64 || code == 78)
        #expect(!output.contains("s3cret") && !output.isEmpty, "\(output)")
    }

    @Test func portInUse_exitsWith71() throws {
        let socket = try ListeningSocket()
        let port = socket.address.port
        let (code, output) = try Program.run(["--port=\(port)", "--database-url=sqlite::memory:"])
        #expect(code == 71)
        #expect(output.contains("port \(port)") && output.contains("Address already in use"))
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test func missingDirectoryOfTheDatabase_exitsWith69() throws {
        let (code, output) = try Program.run(["--database-url=sqlite:no/such/directory/x.db", "--port=0"])
        #expect(code == 69)
        #expect(output.contains("no/such/directory/x.db"))
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test func checkConfig_masksSecrets_andNamesTheOriginOfEachValue() throws {
        let (code, output) = try Program.run(
            ["check-config", "--database-url=mysql://me:hunter2@db.example/megaphone"],
            environment: [
                "ROCKET_BROADCASTER_AUTH": "{test=[foobar]}", "MEGAPHONE_LOG_LEVEL": "debug", "PORT": "8123",
            ])
        #expect(code == 0)
        #expect(!output.contains("hunter2") && !output.contains("foobar"))
        for origin in ["ROCKET_BROADCASTER_AUTH", "MEGAPHONE_LOG_LEVEL", "PORT", "--database-url", "default"]
        {
            #expect(output.contains("# \(origin)"), "\(origin)")
        }
    }

    @Test func hashToken_printsAValidConfigurationValue() throws {
        let (code, output) = try Program.run(["hash-token"], input: "foobar\n")
        #expect(code == 0)
        let service = try RunningService(
            [
                "--database-url=sqlite::memory:",
                "--broadcaster-auth={test=\"\(output.split(separator: "\n")[0])\"}",
            ])
        #expect(try service.put("v1").status == 201)
        // The same tokens are valid as in the configuration.
        #expect(try Program.run(["hash-token"], input: "two words\n").code == 0)
        for input in ["", "\n", " a\n", "a \n", "\u{e4}\n", "a\tb\n"] {
            #expect(try Program.run(["hash-token"], input: input).code == 65, "\(input)")
        }
    }

    @Test func version_isOneLine() throws {
        let (code, output) = try Program.run(["--version"])
        #expect(code == 0)
        let numbers = output.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        #expect(numbers.count == 3 && numbers.allSatisfy { Int($0) != nil } && output.last == "\n")
    }

    @Test func oversizedFile_isRejected() throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "# x\n", count: 300_000), to: "m.toml")
        let (code, output) = try Program.run(["check-config", "--config=m.toml"], in: directory)
        #expect(code == 78)
        #expect(output == "megaphone: m.toml: larger than 1 MiB\n")
    }

    @Test func checkConfig_printsTheWarningsOfAStart() throws {
        let (code, output) = try Program.run(
            ["check-config", "--max-connections=1000000"], environment: ["ROCKET_ENV": "production"])
        #expect(code == 0)
        for text in ["No tokens", "max_connections is 1000000", "ROCKET_ENV"] {
            #expect(output.contains("megaphone: \(text)"))
        }
    }

    @Test func everyCommand_hasHelp() throws {
        for command in ["serve", "check-config", "healthcheck", "hash-token", "migrate"] {
            let (code, output) = try Program.run([command, "--help"])
            #expect(code == 0)
            #expect(output.contains("OVERVIEW:"), "\(command)")
        }
    }
}
