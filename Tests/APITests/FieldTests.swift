import Broadcasts
import HTTP
import Logging
import TestSupport
import Testing

/// Requests of real clients and proxies. A test's name is the line of the list of cases.
@Suite(.timeLimit(.minutes(1))) struct FieldTests {
    private static let target = "/v1/broadcasts/test/c"

    @Test(
        "HTTP 1: a PUT with Content-Range is 400, and nothing is stored (curl -T ver -C 3)",
        arguments: Depth.allCases)
    func contentRange(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for value in ["bytes 3-9/10", "bytes */10", "lines 1-2/3", ""] {
            let response = try await harness.send(
                "PUT", Self.target, [.broadcaster, "Content-Range: \(value)"], body: Array("sion42".utf8))
            #expect(response.status == 400)
            #expect(response.text == #"{"code":400,"errno":126,"error":"Content-Range in a PUT"}"#)
        }
        #expect(harness.store.rows.isEmpty)
        // On other methods, the field has no meaning (RFC 9110 section 14.4).
        #expect(try await harness.get("Content-Range: bytes 0-1/2").status == 200)
    }

    @Test(
        "HTTP 1: a PUT with Content-Encoding is 415, and nothing is stored",
        arguments: Depth.allCases)
    func contentEncoding(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for fields in [
            ["Content-Encoding: deflate"], ["content-encoding: GZIP"], ["Content-Encoding: identity, gzip"],
            ["Content-Encoding: identity", "Content-Encoding: br"], ["Content-Encoding: aws-chunked"],
        ] {
            let response = try await harness.send(
                "PUT", Self.target, [.broadcaster] + fields, body: Array("x".utf8))
            #expect(response.status == 415)
            #expect(response.text == #"{"code":415,"errno":131,"error":"Unsupported Media Type"}"#)
            #expect(response["accept-encoding"] == "identity")
        }
        #expect(harness.store.rows.isEmpty)
        for value in ["identity", "Identity , identity", ""] {
            let response = try await harness.send(
                "PUT", Self.target, [.broadcaster, "Content-Encoding: \(value)"], body: Array("x".utf8))
            #expect(response.status == 201 || response.status == 200)
        }
    }

    @Test("HTTP 1: the order of checks", arguments: Depth.allCases)
    func orderOfChecks(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let both = ["Content-Range: bytes 0-1/2", "Content-Encoding: gzip"]
        for (target, token, fields, errno) in [
            (Self.target, "nobody", both, 121), ("/v1/broadcasts/a.b/c", "foobar", both, 100),
            ("/v1/broadcasts/test/c.d", "foobar", both, 101), (Self.target, "foobar", both, 126),
            (Self.target, "foobar", ["Content-Encoding: gzip"], 131),
            ("/v1/broadcasts/other/c", "foobar", ["Content-Encoding: gzip"], 131),
            ("/v1/broadcasts/other/c", "foobar", [], 103),
        ] {
            let response = try await harness.send(
                "PUT", target, ["Authorization: Bearer \(token)"] + fields, body: Array("é".utf8))
            #expect(response.text.contains(#""errno":\#(errno),"#), "\(target) \(token) \(fields)")
        }
        // The body is not asked for.
        let response = try await harness.send(
            "PUT", Self.target,
            [.broadcaster, "Content-Encoding: gzip", "Expect: 100-continue", "Content-Length: 2"])
        #expect(response.status == 415)
    }

    @Test("HTTP 2: health, metrics, version and errors are not cacheable", arguments: Depth.allCases)
    func noStore(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        func expectNoStore(_ response: ReceivedResponse, _ status: Int) {
            #expect(response.status == status)
            #expect(response["cache-control"] == "no-store", "\(response)")
        }
        for path in ["/__lbheartbeat__", "/__heartbeat__", "/__version__", "/metrics"] {
            for method in ["GET", "HEAD"] {
                expectNoStore(try await harness.send(method, path), 200)
            }
            expectNoStore(try await harness.send("POST", path), 405)
        }
        expectNoStore(try await harness.send("GET", "/nowhere"), 404)
        expectNoStore(try await harness.send("GET", "/v1/broadcasts"), 401)
        expectNoStore(try await harness.send("GET", "/v1/broadcasts", [.broadcaster]), 403)
        expectNoStore(try await harness.send("GET", "/__error__", [.reader]), 400)
        expectNoStore(try await harness.put("c", "v1"), 201)
        expectNoStore(try await harness.put("c", "v1"), 200)
        expectNoStore(try await harness.put("c", ""), 400)
        expectNoStore(try await harness.send(Array("GET / HTTP/2.0\r\nHost: a\r\n\r\n".utf8)), 505)
        #expect(try await harness.get()["cache-control"] == "no-cache", "the board may be stored")
        harness.store.failure = .unavailable("down")
        expectNoStore(try await harness.send("GET", "/__heartbeat__"), 503)
        expectNoStore(try await harness.put("c", "v2"), 503)
    }

    @Test("HTTP 4: 16,000 bytes of 0xFF in User-Agent make no log line of 96 kB", arguments: Depth.allCases)
    func longField(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let agent = [UInt8](repeating: 0xFF, count: 16_000)
        let head = Array("GET /v1/broadcasts HTTP/1.1\r\nHost: a\r\nUser-Agent: ".utf8)
        #expect(try await harness.send(head + agent + Array("\r\n\r\n".utf8)).status == 401)
        let line = try #require(harness.log.lines().first)
        #expect(line.utf8.count < 4096)
        #expect(line.contains("[cut, 48000 bytes]"), "each byte becomes a character of three bytes")
    }

    @Test("HTTP 7: an empty PUT is named in the log", arguments: Depth.allCases)
    func emptyPut(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let response = try await harness.put("c", "")
        #expect(response.text.contains(#""errno":103,"#))
        #expect(try await harness.send("PUT", Self.target, [.broadcaster]).status == 400)
        #expect(harness.log.lines().count { $0.contains("200 characters): the body is empty") } == 2)
    }

    @Test(
        "HTTP 7: PROXY protocol and TLS on the plain port are named as such in the log",
        arguments: [
            (
                "PROXY TCP4 192.0.2.1 192.0.2.2 56324 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "PROXY protocol"
            ),
            ("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY protocol"),
            ("\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}", "PROXY protocol"),
            ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}", "TLS"), ("\u{16}", "TLS"),
        ], Depth.allCases)
    func foreignProtocol(request: (bytes: String, name: String), depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let response = try await harness.send(Array(request.bytes.utf8))
        #expect(response.status == 400)
        #expect(response.text.contains(#""error":"\#(request.name) on a port for plain HTTP"}"#))
        let line = try #require(harness.log.lines().first)
        #expect(line.contains(#""msg":"\#(request.name) on a port for plain HTTP""#))
    }
}
