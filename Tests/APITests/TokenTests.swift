import API
import Access
import Broadcasts
import Telemetry
import TestSupport
import Testing
import Time

/// Tokens that end, and readers that may not read everything.
@Suite(.timeLimit(.minutes(1))) struct TokenTests {
    /// When the manual clock of a test begins: 2026-01-01 00:00 UTC.
    private static let start = 1_767_225_600

    private func access(
        endAfter seconds: Int, scopes: [String: Set<String>] = [:], anonymousReads: Bool = false
    ) -> AccessTable {
        let expiry = UnixTime(nanoseconds: (Self.start + seconds) * 1_000_000_000)
        return AccessTable(
            broadcasters: ["test": [Token(TokenDigest(token: "foobar"), expiry: expiry)]],
            readers: [
                "autopush": [
                    Token(TokenDigest(token: "quux"), expiry: expiry), Token(TokenDigest(token: "next")),
                ]
            ], scopes: scopes, anonymousReads: anonymousReads)
    }

    @Test(arguments: [false, true])
    func expiredToken_isUnknown_andLoggedOnce(anonymousReads: Bool) async throws {
        let harness = try APIHarness()
        harness.apply(access(endAfter: 60, anonymousReads: anonymousReads))
        harness.advance(.milliseconds(59_999))
        #expect(try await harness.get().status == 200)
        #expect(try await harness.put("c", "v1").status == 201)
        harness.advance(.milliseconds(1))
        let response = try await harness.get()
        #expect(response.status == 401)
        #expect(response["www-authenticate"] == #"Bearer realm="development", error="invalid_token""#)
        #expect(try await harness.put("c", "v2").status == 401)
        #expect(try await harness.send("GET", "/v1/broadcasts", ["Authorization: Bearer next"]).status == 200)
        let lines = harness.log.lines().filter { $0.contains("has expired") }
        #expect(lines.count == 2)
        #expect(lines.contains { $0.contains("A token of autopush has expired") })
        #expect(!lines.contains { $0.contains("quux") || $0.contains("foobar") })
    }

    @Test func expiredToken_isLoggedAgain_afterAReload() throws {
        let harness = try APIHarness()
        harness.apply(access(endAfter: -1))
        harness.apply(access(endAfter: -1))
        #expect(harness.log.lines().filter { $0.contains("A token of test has expired") }.count == 2)
    }

    @Test func metric_hasTheNextEndOfEachID() throws {
        let harness = try APIHarness()
        func metric() -> [Substring] {
            String(decoding: harness.registry.prometheusText(), as: UTF8.self).split(separator: "\n")
                .filter { $0.hasPrefix("megaphone_token_expiry") }
        }
        #expect(metric().isEmpty)
        harness.apply(access(endAfter: 60))
        let name = "megaphone_token_expiry_timestamp_seconds"
        #expect(
            metric() == [
                "\(name){id=\"autopush\"} \(Self.start + 60)", "\(name){id=\"test\"} \(Self.start + 60)",
            ])
    }

    @Test func expiry_endsStreamsAndWaits_whenItComes() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        loop.apply(access(endAfter: 30))
        let path = "/v1/broadcasts/test/c"
        let stream = loop.follow(path)
        let other = loop.open(path, ["Authorization: Bearer next", "Accept: text/event-stream"])
        let tag = try #require(loop.open(path).field("etag"))
        let wait = loop.open(path, [.reader, "Prefer: wait=45", "If-None-Match: \(tag)"])
        loop.advance(.milliseconds(29_900))
        #expect(!stream.isClosed && wait.status == nil)
        loop.advance(.milliseconds(100))
        #expect(stream.isClosed && stream.retries.count == 1)
        #expect(wait.status == 401)
        #expect(wait.field("preference-applied") == nil)
        #expect(!other.isClosed)
    }

    @Test(arguments: Depth.allCases)
    func scopedReader_readsItsBroadcastersOnly(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.put("c", "v1")
        harness.apply(access(endAfter: 60, scopes: ["autopush": ["test"]]))
        func status(_ path: String) async throws -> Int {
            try await harness.send("GET", path, [.reader]).status
        }
        for path in ["/v1/broadcasts", "/v1/__broadcasts__", "/__broadcasts__", "/v1/broadcasts/other"] {
            #expect(try await status(path) == 403, "\(path)")
        }
        #expect(try await status("/v1/broadcasts/other/c/history") == 403)
        for path in ["/v1/broadcasts/test", "/v1/broadcasts/test/c", "/v1/broadcasts/test/c/history"] {
            #expect(try await status(path) == 200, "\(path)")
        }
        #expect(try await status("/__error__") == 400)
        harness.apply(access(endAfter: 60, scopes: ["autopush": []]))
        #expect(try await status("/v1/broadcasts/test") == 403)
    }

    @Test func narrowedScope_endsTheStream() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let (board, part) = (loop.follow("/v1/broadcasts"), loop.follow("/v1/broadcasts/test"))
        loop.apply(access(endAfter: 60, scopes: ["autopush": ["test"]]))
        #expect(board.isClosed && !part.isClosed)
    }
}
