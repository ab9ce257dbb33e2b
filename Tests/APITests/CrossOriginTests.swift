import API
import Broadcasts
import TestSupport
import Testing

/// The setting `cors_origins`.
@Suite(.timeLimit(.minutes(1))) struct CrossOriginTests {
    private static let paths = ["/v1/broadcasts", "/v1/broadcasts/test", "/v1/broadcasts/test/c"]
    private static let allowed = "Origin: https://a.example"

    private func harness(_ depth: Depth, _ origins: [String]) throws -> APIHarness {
        var live = API.Live.defaults
        live.origins = origins
        return try APIHarness(depth, live: live)
    }

    @Test(arguments: Depth.allCases)
    func answers_varyByOrigin_andNameAnAllowedOne(_ depth: Depth) async throws {
        let harness = try harness(depth, ["https://a.example", "https://b.example"])
        _ = try await harness.put("c", "v1")
        let tag = try #require(try await harness.get()["etag"])
        for (path, fields, status) in [
            ("/v1/broadcasts", [String.reader], 200), ("/v1/broadcasts/test/c", [.reader], 200),
            ("/v1/broadcasts", [.reader, "If-None-Match: \(tag)"], 304),
            ("/v1/broadcasts/test", [], 401), ("/v1/broadcasts", [.broadcaster], 403),
            ("/v1/broadcasts/test/none", [.reader], 404), ("/v1/broadcasts/a.b", [.reader], 400),
        ] {
            for method in ["GET", "HEAD"] {
                let response = try await harness.send(method, path, fields + [Self.allowed])
                #expect(response.status == status && response["vary"] == "Origin")
                #expect(response["access-control-allow-origin"] == "https://a.example")
                #expect(
                    response["access-control-expose-headers"]
                        == "ETag, Age, Retry-After, Preference-Applied, Link, X-Request-Id, Announce-At")
                let foreign = try await harness.send(method, path, fields + ["Origin: https://c.example"])
                #expect(foreign.status == status && foreign["vary"] == "Origin")
                #expect(foreign["access-control-allow-origin"] == nil)
                let none = try await harness.send(method, path, fields)
                #expect(none["vary"] == "Origin" && none["access-control-allow-origin"] == nil)
            }
        }
        harness.store.failure = .failed("gone")
        harness.advance(.seconds(400))
        let failed = try await harness.get(Self.allowed)
        #expect(failed.status == 503 && failed["access-control-allow-origin"] == "https://a.example")
    }

    @Test(arguments: Depth.allCases)
    func preflight_isAnswered_withoutAToken(_ depth: Depth) async throws {
        let harness = try harness(depth, ["https://a.example"])
        for path in Self.paths + ["/__broadcasts__"] {
            let response = try await harness.send("OPTIONS", path, [Self.allowed])
            #expect(response.status == 204 && response.body.isEmpty && response["content-length"] == nil)
            for (name, value) in [
                ("access-control-allow-origin", "https://a.example"), ("vary", "Origin"),
                ("access-control-allow-methods", "GET, HEAD"), ("access-control-max-age", "7200"),
                ("access-control-allow-headers", "Authorization, If-None-Match, Prefer, Last-Event-ID"),
            ] {
                #expect(response[name] == value)
            }
            #expect(response["access-control-allow-credentials"] == nil)
            for fields in [[], ["Origin: https://c.example"], [Self.allowed, Self.allowed]] {
                #expect(try await harness.send("OPTIONS", path, fields).status == 405)
            }
        }
        #expect(try await harness.send("OPTIONS", "/__heartbeat__", [Self.allowed]).status == 405)
        #expect(try await harness.send("GET", "/__heartbeat__", [Self.allowed])["vary"] == nil)
    }

    @Test(arguments: Depth.allCases)
    func allOrigins_areAnsweredWithAStar(_ depth: Depth) async throws {
        let harness = try harness(depth, ["*"])
        for fields in [[String.reader, Self.allowed], [.reader]] {
            let response = try await harness.send("GET", "/v1/broadcasts", fields)
            #expect(response["access-control-allow-origin"] == "*" && response["vary"] == nil)
        }
        let preflight = try await harness.send("OPTIONS", "/v1/broadcasts", [Self.allowed])
        #expect(preflight.status == 204 && preflight["access-control-allow-origin"] == "*")
    }

    @Test(arguments: Depth.allCases)
    func withoutOrigins_nothingIsAdded(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let response = try await harness.get(Self.allowed)
        #expect(response["vary"] == nil && response["access-control-allow-origin"] == nil)
        #expect(try await harness.send("OPTIONS", "/v1/broadcasts", [Self.allowed]).status == 405)
    }
}
