import Broadcasts
import HTTPWire
import Logging
import Telemetry
import TestSupport
import Testing

/// The log lines and metrics of requests.
@Suite(.timeLimit(.minutes(1))) struct ObservationTests {
    @Test(arguments: Depth.allCases)
    func request_writesOneLogLine(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.send(
            "GET", "/v1/broadcasts?token=x",
            [
                .reader, "User-Agent: test/1 \"x\"", "Accept-Language: de, en;q=0.5", "X-Request-Id: abc-1",
                "X-Forwarded-For: 10.1.2.3 ,fe80::1", "X-Forwarded-For: 10.4.5.6,",
            ])
        let lines = harness.log.lines()
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        for part in [
            #""Type":"request.summary""#, #""Severity":6"#, #""agent":"test/1 \"x\"""#, #""errno":0"#,
            #""lang":"de, en;q=0.5""#, #""method":"GET""#, #""path":"/v1/broadcasts""#, #""code":200"#,
            #""uid":"autopush""#, #""rid":"abc-1""#,
            #""remoteAddressChain":["10.1.2.3","fe80::1","10.4.5.6","127.0.0.1"]"#,
        ] {
            #expect(line.contains(part))
        }
    }

    @Test(arguments: Depth.allCases)
    func errors_areLoggedWithTheirNumber_withoutTokens(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.send("GET", "/v1/broadcasts", ["Authorization: Bearer s3cret"])
        _ = try await harness.send("PUT", "/v1/broadcasts/other/c", [.broadcaster], body: [0x76])
        _ = try await harness.send("GET", "/v1/broadcast")
        _ = try await harness.send("GET", "/ HTTP/9")
        harness.store.failure = .failed("gone")
        _ = try await harness.put("c", "v1")
        let lines = harness.log.lines()
        for (line, parts) in zip(
            lines,
            [
                [
                    #""errno":121"#, #""Severity":4"#, #""code":401"#,
                    #""msg":"Invalid authorization header""#,
                ],
                [#""errno":122"#, #""Severity":4"#, #""code":403"#, #""uid":"test""#],
                [#""errno":123"#, #""Severity":6"#, #""code":404"#],
                [#""errno":126"#, #""Severity":6"#, #""code":400"#],
                [#""errno":202"#, #""Severity":3"#, #""code":503"#, #"gone"#],
            ])
        {
            for part in parts { #expect(line.contains(part), "\(line)") }
        }
        #expect(lines.count == 5)
        #expect(!lines.contains { $0.contains("s3cret") || $0.contains("foobar") })
    }

    @Test func loadBalancerChecks_areLogged_atDebugOnly() async throws {
        let harness = try APIHarness(logLevel: .debug)
        _ = try await harness.send("GET", "/__lbheartbeat__")
        #expect(harness.log.lines().first?.contains(#""Severity":7"#) == true)
        let usual = try APIHarness(logLevel: .info)
        _ = try await usual.send("GET", "/__lbheartbeat__")
        #expect(usual.log.lines().isEmpty)
    }

    @Test func deferredResponse_isLogged_dependingOnItsSeverity() async throws {
        let harness = try APIHarness(logLevel: .error)
        _ = try await harness.put("c", "v1")
        harness.store.failure = .failed("gone")
        _ = try await harness.send(
            "PUT", "/v1/broadcasts/test/c", [.broadcaster, "User-Agent: kinto"], body: [0x76])
        let lines = harness.log.lines()
        #expect(lines.count == 1)
        #expect(lines.first?.contains(#""agent":"kinto""#) == true)
    }

    @Test(arguments: Depth.allCases)
    func requestID_isEchoed_whenValid(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let longest = String(repeating: "a", count: 128)
        for id in ["abc", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", longest] {
            for response in [
                try await harness.get("X-Request-Id: \(id)"),
                try await harness.send("GET", "/nowhere", ["X-Request-Id: \(id)"]),
            ] {
                #expect(response["x-request-id"] == id)
            }
        }
        for id in ["", "a b", "a\"b", "a\\b", "é", longest + "a"] {
            let given = try await harness.get("X-Request-Id: \(id)")["x-request-id"] ?? ""
            #expect(given != id)
            #expect((1...15).contains(given.utf8.count))
        }
    }

    @Test func requestIDs_areUnique() async throws {
        let harness = try APIHarness(logLevel: .error)
        var ids: Set<String> = []
        for _ in 0..<500 {
            ids.insert(try await harness.send("GET", "/__lbheartbeat__")["x-request-id"] ?? "")
        }
        #expect(ids.count == 500)
    }

    @Test(arguments: Depth.allCases)
    func metrics_countRequests_byRouteMethodAndStatus(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.put("a", "v")
        _ = try await harness.put("b", "v")
        _ = try await harness.get()
        _ = try await harness.send("GET", "/__broadcasts__", [.reader])
        _ = try await harness.send("FOO", "/v1/broadcasts")
        _ = try await harness.send("BAR", "/v1/broadcasts")
        _ = try await harness.send("GET", "/nowhere/1")
        _ = try await harness.send("GET", "/ HTTP/9")
        let response = try await harness.send("GET", "/metrics")
        #expect(response.status == 200)
        #expect(response["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = Set(response.text.split(separator: "\n").map(String.init))
        let expected = [
            #"requests_total{method="PUT",route="broadcast",status="201"} 2"#,
            #"requests_total{method="GET",route="broadcasts",status="200"} 2"#,
            #"requests_total{method="other",route="broadcasts",status="405"} 2"#,
            #"requests_total{method="GET",route="unmatched",status="404"} 1"#,
            #"requests_total{method="other",route="unmatched",status="400"} 1"#,
            #"request_duration_seconds_count{route="broadcasts"} 4"#,
        ]
        #expect(expected.filter { !lines.contains("megaphone_http_" + $0) } == [])
        #expect(lines.contains("megaphone_board_broadcasts 2"))
        #expect(lines.contains { $0.hasPrefix("megaphone_last_good_read_age_seconds ") })
    }

    @Test(arguments: Depth.allCases)
    func statsD_receivesUpdatesAndDumps_withoutVersions(_ depth: Depth) async throws {
        let listener = try DatagramListener()
        let sender = try StatsDSender(
            host: "127.0.0.1", port: listener.port, label: "megaphone",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let harness = try APIHarness(depth, statsD: sender)
        _ = try await harness.put("c", "v1")
        let tags = "|#broadcaster:test,channel_id:c"
        #expect(listener.receive() == "megaphone.broadcast.cmd.update:1|c\(tags)")
        let update = listener.receive()
        #expect(update.hasPrefix("megaphone.broadcast.update:"))
        #expect(update.hasSuffix("|ms\(tags)"))
        _ = try await harness.get()
        #expect(listener.receive() == "megaphone.broadcast.cmd.dump:1|c")
        let dump = listener.receive()
        #expect(dump.hasPrefix("megaphone.broadcast.dump:"))
        #expect(dump.hasSuffix("|ms"))
    }
}
