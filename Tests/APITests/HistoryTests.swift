import API
import Broadcasts
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct HistoryTests {
    private static let path = "/v1/broadcasts/test/c/history"

    private func harness(_ depth: Depth = .withoutSockets, anonymousReads: Bool = false) throws -> APIHarness
    {
        try APIHarness(
            depth, anonymousReads: anonymousReads,
            writes: API.Writes(
                maximumChannels: 10, historyLimit: 100, monotonicChannels: [], holdBack: HoldBack()))
    }

    private func get(_ harness: APIHarness, _ query: String = "") async throws -> ReceivedResponse {
        try await harness.send("GET", Self.path + query, [.reader])
    }

    @Test(arguments: Depth.allCases)
    func history_hasEachChange_newestFirst(_ depth: Depth) async throws {
        let harness = try harness(depth)
        #expect(try await get(harness).status == 404)
        for (version, id) in [("v1", "kinto-77"), ("v1", "equal"), ("v\"2", "b")] {
            let fields = [String.broadcaster, "X-Request-Id: \(id)"]
            _ = try await harness.send(
                "PUT", "/v1/broadcasts/test/c", fields, body: Array(version.utf8))
        }
        let response = try await get(harness)
        #expect(response.status == 200)
        let time = "2026-11-25T21:04:05.678Z"
        #expect(
            response.text == #"""
                {"code":200,"history":[\#
                {"id":2,"version":"v\"2","previous":"v1","at":"\#(time)","request_id":"b"},\#
                {"id":1,"version":"v1","previous":null,"at":"\#(time)","request_id":"kinto-77"}]}
                """#)
        #expect(response["content-type"] == "application/json")
        #expect(response["cache-control"] == "no-store")
        #expect(response["etag"] == nil && response["link"] == nil)
        let head = try await harness.send("HEAD", Self.path, [.reader])
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head["content-length"] == response["content-length"])
    }

    @Test func deletionAndForeignChange_areShown() async throws {
        let harness = try harness()
        _ = try await harness.put("c", "v1")
        _ = try await harness.send("DELETE", "/v1/broadcasts/test/c", [.broadcaster])
        #expect(try await get(harness).text.contains(#"{"id":2,"version":null,"previous":"v1","#))
        harness.store.rows = [BoardRow(broadcasterID: "test", channelID: "c", version: "by hand")]
        #expect(
            try await get(harness).text.hasPrefix(
                #"{"code":200,"history":[{"id":null,"version":"by hand","previous":null,"at":"2026-"#))
    }

    @Test func pages_areLinked() async throws {
        let harness = try harness()
        for number in 1...5 { _ = try await harness.put("c", "v\(number)") }
        let first = try await get(harness, "?limit=2")
        #expect(first["link"] == #"<?limit=2&before=4>; rel="next""#)
        #expect(first.text.contains("v5") && first.text.contains("v4") && !first.text.contains(#":"v2""#))
        let last = try await get(harness, "?before=2&limit=2")
        #expect(last["link"] == nil)
        #expect(last.text.contains("v1"))
        #expect(try await get(harness, "?before=1").text == #"{"code":200,"history":[]}"#)
        #expect(try await get(harness, "?before=4").text.contains(#""id":3"#))
        #expect(try await get(harness, "?limit=5")["link"] == nil)
    }

    @Test func query_isChecked() async throws {
        let harness = try harness()
        _ = try await harness.put("c", "v1")
        for query in ["", "?", "?a=1&a=2", "?limit=1", "?limit=100", "?%6Cimit=1", "?before=1", "?&&", "?x"] {
            #expect(try await get(harness, query).status == 200, "\(query)")
        }
        for query in [
            "?limit=0", "?limit=101", "?limit=", "?limit", "?limit=1&limit=1", "?limit=a", "?limit=-1",
            "?limit=1.0", "?before=", "?before=0", "?before=a", "?before=1&before=2",
            "?before=9999999999999999999", "?limit=+1",
        ] {
            let response = try await get(harness, query)
            #expect(response.status == 400, "\(query)")
            #expect(response.text == #"{"code":400,"errno":129,"error":"Invalid query parameter"}"#)
        }
    }

    @Test(arguments: [false, true])
    func history_isForTokensOnly(anonymousReads: Bool) async throws {
        let harness = try harness(anonymousReads: anonymousReads)
        _ = try await harness.put("c", "v1")
        func status(_ path: String, _ fields: [String]) async throws -> Int {
            try await harness.send("GET", path, fields).status
        }
        #expect(try await status(Self.path, []) == 401)
        #expect(try await status(Self.path, [.broadcaster]) == 200)
        #expect(try await status("/v1/broadcasts/other/c/history", [.broadcaster]) == 403)
        #expect(try await status("/v1/broadcasts/t.t/c/history?limit=0", [.broadcaster]) == 400)
        // The query is checked before the right to read.
        #expect(try await status("/v1/broadcasts/other/c/history?limit=0", [.broadcaster]) == 400)
        harness.store.failure = .failed("down")
        #expect(try await status(Self.path, [.reader]) == 503)
    }
}
