import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// The whole program, over real sockets.
@Suite(.timeLimit(.minutes(2))) struct ServiceTests {
    @Test func versions_persist_afterAKillAndARestart() throws {
        let directory = try TemporaryDirectory()
        do {
            let service = try RunningService(RunningService.tokens, in: directory)
            #expect(try service.put("v0").status == 201)
            #expect(try service.put("v1").status == 200)
            #expect(try service.get().text == #"{"code":200,"broadcasts":{"test/channel":"v1"}}"#)
            service.process.signal(SIGKILL)
            #expect(try service.process.waitForExit() == 128 + SIGKILL)
        }
        let service = try RunningService(RunningService.tokens, in: directory)
        #expect(try service.get().text == #"{"code":200,"broadcasts":{"test/channel":"v1"}}"#)
        #expect(try service.stop() == 0)
    }

    @Test func environmentOfTheOriginal_loads_afterTheShellRemovedQuotes() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            """
            export ROCKET_BROADCASTER_AUTH={test=["foobar"]}
            export ROCKET_READER_AUTH={autopush=["quux"]}
            export ROCKET_DATABASE_URL=sqlite::memory: ROCKET_PORT=0 MEGAPHONE_JSON_LOGGING=false
            exec "$1"
            """, to: "start.sh")
        let process = try ChildProcess(
            "/bin/bash", ["\(directory.path)/start.sh", BuiltProgram.path],
            environment: ["SWIFT_BACKTRACE": "enable=no"])
        let line = try process.line(containing: "Listening on http://")
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
        let response = try Client(.version4(0x7F00_0001, port: port)).exchange(
            "GET /v1/broadcasts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer quux\r\n\r\n")
        #expect(response.status == 200)
    }

    @Test func startWithoutTokens_namesTheSettings() throws {
        let service = try RunningService(["--database-url=sqlite::memory:"])
        let line = try service.line(containing: "No tokens")
        #expect(
            line.hasSuffix(
                "No tokens are configured, so every PUT and GET will be rejected: set broadcaster_auth and reader_auth"
            ))
        #expect(try service.get().status == 401)
    }

    @Test func termination_drains_andExitsWith0() throws {
        let service = try RunningService(RunningService.tokens + ["--database-url=sqlite::memory:"])
        let client = try Client(service.address)
        try client.send(
            "PUT /v1/broadcasts/test/slow HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer foobar\r\nContent-Length: 2\r\n\r\nv"
        )
        // The single worker has read the head above before it responds to this later request.
        #expect(try service.get().status == 200)
        service.process.signal(SIGTERM)
        _ = try service.process.line(containing: "Draining")
        try client.send("1")
        let response = try client.response()
        #expect(response.status == 201)
        #expect(response["connection"] == "close")
        #expect(try service.process.waitForExit() == 0)
    }

    @Test func interruption_drains_andExitsWith0() throws {
        let service = try RunningService(["--database-url=sqlite::memory:"])
        let idle = try Client(service.address)
        service.process.signal(SIGINT)
        _ = try service.process.line(containing: "Draining")
        #expect(try idle.readToEnd().isEmpty)
        #expect(try service.process.waitForExit() == 0)
    }

    @Test(arguments: [(SIGTERM, SIGTERM), (SIGTERM, SIGINT), (SIGINT, SIGTERM), (SIGINT, SIGINT)])
    func secondTermination_closesEveryConnection_andExitsWith0(first: Int32, second: Int32) throws {
        let service = try RunningService(
            RunningService.tokens + ["--database-url=sqlite::memory:", "--shutdown-grace=1h"], workers: 2)
        let client = try Client(service.address)
        try client.send(
            "PUT /v1/broadcasts/test/slow HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer foobar\r\nContent-Length: 2\r\n\r\nv"
        )
        #expect(try service.get().status == 200)
        service.process.signal(first)
        _ = try service.process.line(containing: "Draining")
        // A reload has no effect during draining.
        service.process.signal(SIGHUP)
        service.process.signal(second)
        #expect(try client.readToEnd().isEmpty)
        #expect(try service.process.waitForExit() == 0)
        for text in ["Second signal", "Stopped"] { #expect(service.process.output.contains(text)) }
    }

    @Test func metrics_coverStoreConnectionsAndLog() throws {
        let service = try RunningService(RunningService.tokens)
        #expect(try service.put("v1").status == 201)
        #expect(try service.get().status == 200)
        // Overwriting the database files makes the next PUT fail.
        for suffix in ["", "-wal", "-shm"] {
            try service.directory.write("no database\n", to: "megaphone.db\(suffix)")
        }
        #expect(try service.put("v2").status == 503)
        let client = try Client(service.address)
        func metrics() throws -> [Substring] {
            try client.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").text.split(separator: "\n")
        }
        // The loops may not have seen yet that the clients of the PUTs are gone.
        try eventually { try metrics().contains("megaphone_http_open_connections 1") }
        let lines = try metrics()
        for line in [
            #"megaphone_store_operations_total{operation="put"} 2"#,
            #"megaphone_store_errors_total{operation="put"} 1"#,
            #"megaphone_store_errors_total{operation="read"} 0"#,
            #"megaphone_store_duration_seconds_count{operation="put"} 2"#,
            "megaphone_log_lines_dropped_total 0",
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
    }

    @Test func hangUp_appliesNewTokens_withoutClosingConnections() throws {
        let directory = try TemporaryDirectory()
        let start = "database_url = \"sqlite::memory:\"\nreader_auth = { a = \"old\" }\n"
        try directory.write(start, to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        let client = try Client(service.address)
        func get(_ token: String) throws -> Int {
            try client.exchange(
                "GET /v1/broadcasts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
            ).status
        }
        #expect(try get("old") == 200)
        try directory.write(start.replacing("old", with: "new"), to: "m.toml")
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "Configuration reloaded")
        #expect(try get("old") == 401)
        #expect(try get("new") == 200)
        #expect(!service.process.output.contains("restart"))
        try directory.write("port = true\nreader_auth = {", to: "m.toml")
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "configuration unchanged")
        #expect(try get("new") == 200)
    }

    @Test func hangUp_namesSettingsThatNeedARestart_andRepeatsWarnings() throws {
        let directory = try TemporaryDirectory()
        let secret = "database_url = \"mysql://me:first@127.0.0.1:1/x\"\n"
        try directory.write(secret + "reader_auth = { a = \"old\" }\n", to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        try directory.write(
            secret.replacing("first", with: "other")
                + "max_connections = 1000000\nlog_level = \"debug\"\nreader_auth = { a = \"new\" }\n",
            to: "m.toml")
        service.process.signal(SIGHUP)
        let line = try service.process.line(containing: "restart")
        #expect(line.hasSuffix(": database_url, max_connections"))
        #expect(service.process.output.contains("max_connections is 1000000"))
    }

    @Test func hangUp_appliesLogLevelAndFreshness() throws {
        let directory = try TemporaryDirectory()
        func reload(_ service: RunningService, _ text: String) throws {
            try directory.write(text, to: "m.toml")
            service.process.signal(SIGHUP)
            _ = try service.process.line(containing: "Configuration reloaded")
        }
        let tokens = RunningService.tokens
        try directory.write("", to: "m.toml")
        let service = try RunningService(tokens + ["--config=m.toml"], in: directory)
        #expect(try service.heartbeat() == 200)
        #expect(try service.put("v1").status == 201)
        #expect(try service.get().text.contains("v1"))
        try reload(service, "max_staleness = \"1h\"\nlog_level = \"debug\"\n")
        // The load balancer's checks are logged at the level debug.
        #expect(!service.process.output.contains("/__lbheartbeat__"))
        #expect(try service.heartbeat() == 200)
        _ = try service.process.line(containing: "/__lbheartbeat__")
        // With max_staleness = 1h, the board need not reflect a PUT through another node.
        #expect(try RunningService(tokens, in: directory).put("v2").status == 200)
        #expect(try service.get().text.contains("v1"))
        try reload(service, "")
        #expect(try service.get().text.contains("v2"))
    }

    @Test func rollingRestart_onOnePort_losesNoRequest() throws {
        let directory = try TemporaryDirectory()
        let options = RunningService.tokens + ["--share-port=true"]
        let first = try RunningService(options, in: directory)
        let port = first.address.port
        #expect(try first.put("v1").status == 201)
        let clients = try (0..<16).map { _ in KeepingClient(try Client(first.address)) }
        for client in clients { try client.get(first.address) }
        let second = try RunningService(options, in: directory, port: port)
        first.process.signal(SIGTERM)
        // Every client continues to send requests. After a response with `close`, it connects to the other
        // process.
        while first.process.isRunning {
            for client in clients { try client.get(first.address) }
        }
        for client in clients { try client.get(second.address) }
        #expect(try first.process.waitForExit() == 0)
        #expect(try second.stop() == 0)
    }

    @Test func healthcheck_exitsWith0WhenUp_and1WhenDown() throws {
        let service = try RunningService(["--database-url=sqlite::memory:"])
        let up = try Program.run(["healthcheck", "--port=\(service.address.port)"])
        #expect(up.code == 0)
        let port = service.address.port
        #expect(try service.stop() == 0)
        let down = try Program.run(["healthcheck", "--url=http://127.0.0.1:\(port)/__heartbeat__"])
        #expect(down.code == 1)
    }

    @Test func versionFile_isReadFromDisk_atEachRequest() throws {
        let directory = try TemporaryDirectory()
        let service = try RunningService(["--database-url=sqlite::memory:"], in: directory)
        func version() throws -> String {
            try Client(service.address).exchange("GET /__version__ HTTP/1.1\r\nHost: a\r\n\r\n").text
        }
        #expect(try version().contains("\"version\":"))
        try directory.write(#"{"commit":"abc"}"#, to: "version.json")
        #expect(try version() == #"{"commit":"abc"}"#)
    }
}

/// Keeps its connection until the server closes it.
private final class KeepingClient {
    private var client: Client?

    init(_ client: Client) {
        self.client = client
    }

    func get(_ address: SocketAddress) throws {
        let client = try client ?? Client(address)
        let response = try client.exchange(
            "GET /v1/broadcasts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer quux\r\n\r\n")
        #expect(response.status == 200)
        self.client = response["connection"] == "close" ? nil : client
    }
}
