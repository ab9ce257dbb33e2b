import EventLoop
import Glibc
import TestSupport
import Testing

/// `drain_delay`: the time that load balancers have to leave a service after SIGTERM.
@Suite(.timeLimit(.minutes(2))) struct DrainDelayTests {
    private let tokens = RunningService.tokens + ["--database-url=sqlite::memory:"]

    @Test func drainDelay_servesAsBefore_whileTheLoadBalancersCheckFails() throws {
        let service = try RunningService(tokens + ["--drain-delay=10m", "--log-level=notice"])
        #expect(try service.put("1").status == 201)
        let follower = try Follower(service, "/v1/broadcasts/test/channel")
        let kept = try Client(service.address)
        #expect(try kept.exchange("GET /__lbheartbeat__ HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        service.process.signal(SIGTERM)
        let line = try service.process.line(containing: "Draining")
        #expect(line.contains("accepting connections for another 600 s (drain_delay)"), "\(line)")
        let check = try service.get(path: "/__lbheartbeat__")
        #expect(check.status == 503)
        #expect(check.text.contains(#""errno":203"#))
        #expect(try kept.exchange("GET /__lbheartbeat__ HTTP/1.1\r\nHost: a\r\n\r\n").status == 503)
        #expect(try service.get(path: "/__heartbeat__").status == 200)
        // A reload has no effect any more.
        service.process.signal(SIGHUP)
        let response = try service.put("2")
        try #require(response.status == 200)
        #expect(response["connection"] == nil)
        while try follower.next().version != "2" {}
        // One line a second says what is waited for.
        let next = try service.process.line(containing: "(drain_delay)")
        #expect(next.contains("; open connections: ") && next.contains("held requests: 1"), "\(next)")
        service.process.signal(SIGTERM)
        #expect(try service.process.waitForExit() == 0)
        #expect(try kept.readToEnd().isEmpty)
        for text in ["Second signal", "Stopped"] { #expect(service.process.output.contains(text)) }
        #expect(!service.process.output.contains("reloaded"))
    }

    @Test func drainDelay_isFollowedByShutdownGrace() throws {
        let service = try RunningService(tokens + ["--drain-delay=1500ms", "--shutdown-grace=1h"])
        let client = try Client(service.address)
        try client.send(
            "PUT /v1/broadcasts/test/slow HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer foobar\r\nContent-Length: 2\r\n\r\nv"
        )
        service.process.signal(SIGTERM)
        _ = try service.process.line(containing: "Draining: accepting")
        _ = try service.process.line(containing: "Draining: finishing requests in flight")
        try eventually { (try? Client(service.address)) == nil }
        let line = try service.process.line(containing: "Draining: waiting")
        #expect(line.contains("(shutdown_grace); open connections: 1, held requests: 0"), "\(line)")
        try client.send("1")
        let response = try client.response()
        #expect(response.status == 201)
        #expect(response["connection"] == "close")
        #expect(try service.process.waitForExit() == 0)
    }

    @Test func drainDelay_isReloadable() throws {
        let directory = try TemporaryDirectory()
        let start = "database_url = \"sqlite::memory:\"\nreader_auth = { a = \"quux\" }\n"
        try directory.write(start, to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        try directory.write(start + "drain_delay = \"10m\"\n", to: "m.toml")
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "Configuration reloaded")
        service.process.signal(SIGTERM)
        _ = try service.process.line(containing: "(drain_delay)")
        #expect(try service.get().status == 200)
        service.process.signal(SIGINT)
        #expect(try service.process.waitForExit() == 0)
        #expect(!service.process.output.contains("after a restart"))
    }
}
