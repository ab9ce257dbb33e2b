import Broadcasts
import TestSupport
import Testing
import Time

/// The known clients of the service, with the requests they send.
@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    private func request(_ lines: String..., body: String = "") -> [UInt8] {
        Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    @Test(
        "autopush, with both paths and both spellings of the scheme that are in use",
        arguments: Depth.allCases)
    func autopush(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.put("monitor_changes", "\"1740558489816\"")
        for (path, token) in [("/v1/broadcasts", "Bearer quux"), ("/v1/broadcasts/", "bearer quux")] {
            for _ in 0..<2 {
                let response = try await harness.send(
                    request(
                        "GET \(path) HTTP/1.1", "authorization: \(token)", "accept: */*",
                        "host: megaphone.example.com"))
                #expect(response.status == 200)
                #expect(
                    response.text
                        == #"{"code":200,"broadcasts":{"test/monitor_changes":"\"1740558489816\""}}"#)
            }
        }
    }

    @Test("autopush since April 2026, which sends no token", arguments: Depth.allCases)
    func autopushWithoutToken(_ depth: Depth) async throws {
        let harness = try APIHarness(depth, anonymousReads: true)
        let bytes = request("GET /v1/broadcasts HTTP/1.1", "accept: */*", "host: megaphone.example.com")
        #expect(try await harness.send(bytes).status == 200)
        #expect(try await APIHarness(depth).send(bytes).status == 401)
    }

    @Test("kinto-megaphone, which sends no Content-Type", arguments: Depth.allCases)
    func kintoMegaphone(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        func put(_ version: String) async throws -> ReceivedResponse {
            try await harness.send(
                request(
                    "PUT /v1/broadcasts/test/monitor_changes HTTP/1.1", "Host: megaphone.example.com",
                    "User-Agent: python-requests/2.32.3", "Accept-Encoding: gzip, deflate", "Accept: */*",
                    "Connection: keep-alive", "Authorization: Bearer foobar", "Content-Length: 15",
                    body: version))
        }
        #expect(try await put("\"1740558489816\"").status == 201)
        #expect(try await put("\"1740558489817\"").status == 200)
        #expect(harness.store.rows.map(\.version) == ["\"1740558489817\""])
        harness.store.failure = .deadlineExceeded
        #expect(try await put("\"1740558489818\"").status == 503)
        #expect(harness.store.deadlines.last == harness.now + .milliseconds(1900))

        let heartbeat = request(
            "GET /__heartbeat__ HTTP/1.1", "Host: megaphone.example.com",
            "User-Agent: python-requests/2.32.3",
            "Accept-Encoding: gzip, deflate", "Accept: */*", "Connection: keep-alive")
        #expect(try await harness.send(heartbeat).status == 503)
        harness.store.failure = nil
        #expect(try await harness.send(heartbeat).status == 200)
    }

    @Test(
        "remote-settings, which reads versions that were written through another node",
        arguments: Depth.allCases)
    func syncMegaphone(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        #expect(try await harness.get().status == 200)
        #expect(try await harness.put("monitor_changes", "\"1\"").status == 201)
        // Another node writes to the same database.
        harness.store.rows = [
            BoardRow(broadcasterID: "test", channelID: "monitor_changes", version: "\"2\"")
        ]
        #expect(try await harness.get().text.contains(#""test/monitor_changes":"\"2\"""#))
    }

    @Test("curl -X PUT -d, which sends the content type of a form", arguments: Depth.allCases)
    func curl(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let response = try await harness.send(
            request(
                "PUT /v1/broadcasts/test/broadcast1 HTTP/1.1", "Host: localhost:8000",
                "User-Agent: curl/7.88.1", "Accept: */*", "Authorization: Bearer foobar",
                "Content-Length: 17",
                "Content-Type: application/x-www-form-urlencoded", body: "BREAKING NEWS: v4"))
        #expect(response.status == 201)
        #expect(harness.store.rows.map(\.version) == ["BREAKING NEWS: v4"])
    }

    @Test("load balancers, with HTTP/1.0 and HTTP/1.1", arguments: Depth.allCases)
    func loadBalancer(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        harness.store.failure = .unavailable("down")
        for bytes in [
            request("GET /__lbheartbeat__ HTTP/1.0"),
            request(
                "GET /__lbheartbeat__ HTTP/1.1", "Host: 10.0.0.7:8000", "User-Agent: ELB-HealthChecker/2.0",
                "Connection: close"),
        ] {
            #expect(try await harness.send(bytes).status == 200)
        }
    }

    @Test("____NOP____, which only Firefox treats specially", arguments: Depth.allCases)
    func nop(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        #expect(try await harness.put("c", "____NOP____").status == 201)
        #expect(try await harness.get().text == #"{"code":200,"broadcasts":{"test/c":"____NOP____"}}"#)
    }
}
