import API
import Broadcasts
import HTTP
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

/// Every row of the error table, over the wire.
@Suite(.timeLimit(.minutes(1))) struct ErrorTableTests {
    private func expect(
        _ response: ReceivedResponse, _ status: Int, _ errno: Int, _ text: String,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(response.status == status, sourceLocation: location)
        #expect(
            response.text == #"{"code":\#(status),"errno":\#(errno),"error":"\#(text)"}"#,
            sourceLocation: location)
        #expect(response["content-type"] == "application/json", sourceLocation: location)
        #expect((response["retry-after"] != nil) == (status == 503), sourceLocation: location)
        #expect((response["x-request-id"] ?? "").isEmpty == false, sourceLocation: location)
    }

    private func putTo(_ target: String, _ harness: APIHarness, body: [UInt8] = [0x76]) async throws
        -> ReceivedResponse
    {
        try await harness.send("PUT", target, [.broadcaster], body: body)
    }

    @Test(arguments: Depth.allCases)
    func ids_areChecked(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        func long(_ count: Int) -> String { String(repeating: "a", count: count) }
        let invalid = [
            "a.b", "a%20b", "a%2Fb", "%FF", "%C3%A9", "a%00", "..", "a+b", "%2561",
        ]
        for id in invalid + [long(65)] {
            expect(
                try await putTo("/v1/broadcasts/\(id)/c", harness), 400, 100,
                "Invalid broadcasterID (must be URL safe base64, <= 64 characters)")
        }
        for id in invalid + [long(129)] {
            expect(
                try await putTo("/v1/broadcasts/test/\(id)", harness), 400, 101,
                "Invalid bchannelID (must be URL safe base64, <= 128 characters)")
        }
    }

    @Test(arguments: Depth.allCases)
    func version_isChecked(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for body in [[0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            expect(
                try await putTo("/v1/broadcasts/test/c", harness, body: body), 400, 102,
                "Version information not included in body of update")
        }
        for body in [[], Array("é".utf8), [UInt8](repeating: 0x61, count: 201)] {
            expect(
                try await putTo("/v1/broadcasts/test/c", harness, body: body), 400, 103,
                "Invalid Version (must be ASCII, <= 200 characters)")
        }
        let withoutBody = try await harness.send("PUT", "/v1/broadcasts/test/c", [.broadcaster])
        expect(withoutBody, 400, 103, "Invalid Version (must be ASCII, <= 200 characters)")
        #expect(harness.store.rows.isEmpty)
    }

    @Test(arguments: Depth.allCases)
    func token_isChecked(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for method in ["GET", "HEAD"] {
            let response = try await harness.send(method, "/v1/broadcasts")
            #expect(response.status == 401)
            #expect(response["www-authenticate"] == #"Bearer realm="development""#)
        }
        expect(
            try await harness.send("GET", "/v1/broadcasts"), 401, 120, "Missing authorization header")
        let unknown = try await harness.send("GET", "/v1/broadcasts", ["Authorization: Bearer nobody"])
        expect(unknown, 401, 121, "Invalid authorization header")
        #expect(
            unknown["www-authenticate"] == #"Bearer realm="development", error="invalid_token""#)
        let writing = try await harness.send("GET", "/v1/broadcasts", [.broadcaster])
        expect(writing, 403, 122, "Access denied to the requested resource")
        let reading = try await harness.send("PUT", "/v1/broadcasts/test/c", [.reader], body: [0x76])
        expect(reading, 403, 122, "Access denied to the requested resource")
        expect(
            try await putTo("/v1/broadcasts/other/c", harness), 403, 122,
            "Access denied to the requested resource")
    }

    @Test(arguments: Depth.allCases)
    func path_isChecked(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for target in [
            "/v1", "/v2/broadcasts", "/v1/broadcasts/test/c/d", "/V1/broadcasts",
            "/v1/broadcasts/test/c/d/e/f/g", "/v1%2Fbroadcasts", "/v1/broadcasts%00",
        ] {
            expect(try await harness.send("GET", target), 404, 123, "Not Found")
        }
    }

    @Test(arguments: Depth.allCases)
    func method_isChecked(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for (method, target, allowed) in [
            ("POST", "/v1/broadcasts", "GET, HEAD"), ("PUT", "/v1/__broadcasts__", "GET, HEAD"),
            ("DELETE", "/__broadcasts__", "GET, HEAD"),
            ("POST", "/v1/broadcasts/test/c", "GET, HEAD, PUT, DELETE"),
            ("PUT", "/v1/broadcasts/test/c/history", "GET, HEAD"),
            ("PUT", "/v1/broadcasts/test", "GET, HEAD"), ("OPTIONS", "/v1/broadcasts", "GET, HEAD"),
            ("POST", "/__heartbeat__", "GET, HEAD"), ("PATCH", "/metrics", "GET, HEAD"),
        ] {
            let response = try await harness.send(method, target)
            #expect(response["allow"] == allowed)
            #expect(response.status == 405)
            guard method != "HEAD" else { continue }
            expect(response, 405, 124, "Method Not Allowed")
        }
    }

    @Test(arguments: Depth.allCases)
    func refusalsOfTheHTTPLayer_haveTheFormatOfOtherErrors(_ depth: Depth) async throws {
        var limits = Limits.defaults
        limits.maximumHeaderBytes = 1024
        let harness = try APIHarness(depth, limits: limits)
        let padding = String(repeating: "a", count: 2000)
        expect(
            try await harness.send(
                "PUT", "/v1/broadcasts/test/c", [.broadcaster],
                body: [UInt8](repeating: 0x61, count: 4097)),
            413, 125, "Payload Too Large")
        expect(try await harness.send("GET", "/\(padding)"), 414, 126, "URI Too Long")
        expect(
            try await harness.send("GET", "/", ["X-Padding: \(padding)"]), 431, 126,
            "Request Header Fields Too Large")
        expect(
            try await harness.send("PUT", "/v1/broadcasts/test/c", ["Expect: 200-ok"]), 417, 127,
            "Expectation Failed")
        let old = try await harness.send(Array("GET / HTTP/2.0\r\nHost: a\r\n\r\n".utf8))
        expect(old, 505, 126, "HTTP Version Not Supported")
        for (fields, status) in [
            (["Transfer-Encoding: gzip"], 501), (["Content-Length: x"], 400), (["Host: b"], 400),
        ] {
            let response = try await harness.send("PUT", "/v1/broadcasts/test/c", fields)
            #expect(response.status == status)
            #expect(response.text.hasPrefix(#"{"code":\#(status),"errno":126,"error":""#))
        }
    }

    @Test func incompleteHead_receives408_afterTheTimeout() async throws {
        let harness = try APIHarness()
        var limits = Limits.defaults
        limits.headerTimeout = .milliseconds(20)
        let exchange = try SocketExchange(api: harness.api, limits: limits)
        try withExtendedLifetime(exchange) {
            let client = try exchange.connect()
            try client.send("GET / HTTP/1.1\r\n")
            expect(try client.response(), 408, 126, "Request Timeout")
        }
    }

    @Test func connectionOverTheLimit_receives503() async throws {
        let harness = try APIHarness()
        let exchange = try SocketExchange(api: harness.api, maximumConnections: 1)
        try withExtendedLifetime(exchange) {
            let first = try exchange.connect()
            // Without the beginning of a request, it would give way after a second.
            try first.send("GET /")
            expect(
                try exchange.connect().response(), 503, 203,
                "Server is shutting down or over its connection limit")
            withExtendedLifetime(first) {}
        }
    }

    @Test(arguments: Depth.allCases)
    func unreadableVersionFile_returns500(_ depth: Depth) async throws {
        let harness = try APIHarness(depth) { configuration in
            configuration.versionFile = { () throws(API.VersionFileError) in
                throw API.VersionFileError(reason: "/app/version.json: permission denied")
            }
        }
        expect(
            try await harness.send("GET", "/__version__"), 500, 201, "Unexpected megaphone error")
        #expect(harness.log.lines().contains { $0.contains("/app/version.json: permission denied") })
    }

    @Test(arguments: Depth.allCases)
    func failedStore_returns503_andLogsTheReason(_ depth: Depth) async throws {
        for (failure, logged) in [
            (StoreError.failed("SELECT on db.example.com failed"), "SELECT on db.example.com failed"),
            (.unavailable("no route to db.example.com"), "no route to db.example.com"),
            (.deadlineExceeded, "the database did not respond in time"),
        ] {
            let harness = try APIHarness(depth)
            harness.store.failure = failure
            expect(try await harness.get(), 503, 202, "A database error occurred")
            expect(try await harness.put("c", "v1"), 503, 202, "A database error occurred")
            let lines = harness.log.lines()
            #expect(lines.count { $0.contains("A database error occurred: \(logged)") } == 2)
            #expect(harness.store.rows.isEmpty)
        }
    }

    @Test(arguments: Depth.allCases)
    func checks_runInOrder(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        harness.store.failure = .unavailable("down")
        for (target, token, body, errno) in [
            ("/v1/broadcasts/a.b/c.d", "Bearer nobody", "é", 121),
            ("/v1/broadcasts/a.b/c.d", "Bearer quux", "é", 100),
            ("/v1/broadcasts/other/c.d", "Bearer quux", "é", 101),
            ("/v1/broadcasts/other/c", "Bearer quux", "é", 103),
            ("/v1/broadcasts/other/c", "Bearer foobar", "v", 122),
            ("/v1/broadcasts/test/c", "Bearer foobar", "v", 202),
        ] {
            let response = try await harness.send(
                "PUT", target, ["Authorization: \(token)"], body: Array(body.utf8))
            #expect(response.text.contains(#""errno":\#(errno),"#), "\(target) \(token) \(body)")
        }
        // A request that fails a check of its head gets the error without `100 Continue`.
        for (target, token, status) in [
            ("/v1/broadcasts/test/c", "Bearer nobody", 401), ("/v1/broadcasts/a.b/c", "Bearer foobar", 400),
            ("/v1/broadcasts/test", "Bearer foobar", 405), ("/v1/broadcasts", "Bearer foobar", 405),
        ] {
            let response = try await harness.send(
                "PUT", target, ["Authorization: \(token)", "Expect: 100-continue", "Content-Length: 2"])
            #expect(response.status == status)
        }
    }
}
