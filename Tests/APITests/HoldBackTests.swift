import API
import Broadcasts
import Telemetry
import TestSupport
import Testing
import Time

/// `hold_back` over HTTP: what a broadcaster and what a reader sees.
@Suite(.timeLimit(.minutes(1))) struct HoldBackTests {
    private static let path = "/v1/broadcasts/test/c"

    private func harness(
        _ depth: Depth = .withoutSockets, freshness: BoardFeed.Freshness = .defaults
    ) throws -> APIHarness {
        let scope = try #require(HoldBack.Scope("test/c"))
        return try APIHarness(
            depth, freshness: freshness,
            writes: API.Writes(
                maximumChannels: 10, historyLimit: 9, monotonicChannels: [],
                holdBack: HoldBack([scope: .seconds(300)])))
    }

    private func put(
        _ harness: APIHarness, _ version: String, _ fields: [String] = []
    ) async throws -> ReceivedResponse {
        try await harness.send("PUT", Self.path, [.broadcaster] + fields, body: Array(version.utf8))
    }

    private func get(
        _ harness: APIHarness, _ path: String = Self.path, _ fields: [String] = [.broadcaster]
    ) async throws -> ReceivedResponse {
        try await harness.send("GET", path, fields)
    }

    @Test(arguments: Depth.allCases)
    func heldPUT_saysWhenItIsAnnounced(_ depth: Depth) async throws {
        let harness = try harness(depth)
        let created = try await put(harness, "v1")
        #expect(created.status == 201 && created["announce-at"] == nil)
        let held = try await put(harness, "v2")
        #expect(held.status == 200)
        #expect(held.text == #"{"code":200}"#)
        // The database's clock of the test begins at 2023-11-14T22:13:20Z.
        #expect(held["announce-at"] == "2023-11-14T22:18:20.000000Z")
        #expect(try await put(harness, "v2")["announce-at"] == held["announce-at"])
        #expect(try await put(harness, "v1")["announce-at"] == nil)
        #expect(try await put(harness, "v3", ["Urgency: HIGH"])["announce-at"] == nil)
        #expect(try await get(harness, "/v1/broadcasts", [.reader]).text.contains(#""test/c":"v3""#))
        // A channel without a rule is not held back.
        #expect(try await harness.put("other", "v1")["announce-at"] == nil)
        #expect(try await harness.put("other", "v2")["announce-at"] == nil)
    }

    @Test(arguments: Depth.allCases)
    func readersSeeWhatIsAnnounced_theBroadcasterWhatIsAccepted(_ depth: Depth) async throws {
        let harness = try harness(depth)
        _ = try await put(harness, "v1")
        _ = try await put(harness, "v2")
        for path in ["/v1/broadcasts", "/v1/broadcasts/test", Self.path] {
            let response = try await get(harness, path, [.reader])
            #expect(response.text.contains(#""test/c":"v1""#))
            #expect(response["announce-at"] == nil)
        }
        let own = try await get(harness)
        #expect(own.text == #"{"code":200,"broadcasts":{"test/c":"v2"}}"#)
        #expect(own["announce-at"] == "2023-11-14T22:18:20.000000Z")
        #expect(try await get(harness, "/v1/broadcasts/test").text.contains(#""test/c":"v2""#))
        let tag = try #require(own["etag"])
        let current = try await get(harness, Self.path, [.broadcaster, "If-None-Match: \(tag)"])
        #expect(current.status == 304 && current["announce-at"] == own["announce-at"])
        // The tag for If-Match is that of the accepted version.
        let readers = try #require(try await get(harness, Self.path, [.reader])["etag"])
        #expect(try await put(harness, "v3", ["If-Match: \(readers)"]).status == 412)
        #expect(try await put(harness, "v3", ["If-Match: \(tag)"]).status == 200)
        harness.store.advance(microseconds: 301_000_000)
        #expect(try await get(harness, Self.path, [.reader]).text.contains(#""test/c":"v3""#))
        #expect(try await get(harness)["announce-at"] == nil)
        // The tag of the broadcaster's state depends on the bytes alone.
        #expect(try await get(harness)["etag"] == (try await get(harness, Self.path, [.reader])["etag"]))
    }

    @Test func urgency_isChecked() async throws {
        let harness = try harness()
        _ = try await put(harness, "v0")
        for value in ["very-low", "low", "normal", "Normal"] {
            let response = try await put(harness, value, ["Urgency: \(value)"])
            #expect(response.status == 200 && response["announce-at"] != nil, "\(value)")
        }
        for fields in [
            ["Urgency: "], ["Urgency: hihg"], ["Urgency: high, high"], ["Urgency: high", "Urgency: high"],
        ] {
            let response = try await put(harness, "v1", fields)
            #expect(response.status == 400, "\(fields)")
            #expect(
                response.text
                    == #"{"code":400,"errno":126,"error":"Urgency is not very-low, low, normal or high"}"#)
        }
        // Checked without a rule, too, and ignored on DELETE.
        let other = try await harness.send(
            "PUT", "/v1/broadcasts/test/other", [.broadcaster, "Urgency: x"], body: [0x76])
        #expect(other.status == 400)
        #expect(try await harness.send("DELETE", Self.path, [.broadcaster, "Urgency: x"]).status == 200)
    }

    @Test func history_hasThePlan() async throws {
        let harness = try harness()
        _ = try await put(harness, "v1")
        _ = try await put(harness, "v2")
        _ = try await harness.put("other", "v1")
        let history = try await get(harness, Self.path + "/history").text
        #expect(history.contains(#""version":"v2","previous":"v1","#))
        #expect(history.contains(#""announce_at":"2023-11-14T22:18:20.000000Z"}"#))
        #expect(!(try await get(harness, "/v1/broadcasts/test/other/history").text.contains("announce_at")))
    }

    @Test func boardOfHeldVersions_isNotServedPastTheirTime() async throws {
        var freshness = BoardFeed.Freshness.defaults
        freshness.maxStaleness = .seconds(3_600)
        let harness = try harness(freshness: freshness)
        _ = try await put(harness, "v1")
        _ = try await put(harness, "v2")
        #expect(try await get(harness, "/v1/broadcasts", [.reader]).text.contains("v1"))
        let reads = harness.store.reads
        harness.advance(.seconds(299))
        harness.store.advance(microseconds: 299_000_000)
        #expect(try await get(harness, "/v1/broadcasts", [.reader]).text.contains("v1"))
        #expect(harness.store.reads == reads)
        harness.advance(.seconds(1))
        harness.store.advance(microseconds: 1_000_000)
        #expect(try await get(harness, "/v1/broadcasts", [.reader]).text.contains("v2"))
        #expect(harness.store.reads == reads + 1)
    }

    @Test func puts_areCountedByTheirOutcome() async throws {
        let harness = try harness()
        for version in ["v1", "v2", "v2", "v1", "v3"] { _ = try await put(harness, version) }
        _ = try await put(harness, "v4", ["Urgency: high"])
        _ = try await put(harness, "v5")
        _ = try await put(harness, "v5", ["Urgency: high"])
        _ = try await put(harness, "v6")
        _ = try await get(harness)
        let metrics = String(decoding: harness.registry.prometheusText(), as: UTF8.self)
        for (outcome, count) in [
            ("created", 1), ("changed", 0), ("held", 4), ("cancelled", 1), ("unchanged", 1), ("urgent", 2),
            ("outdated", 0),
        ] {
            #expect(
                metrics.contains(#"megaphone_puts_total{outcome="\#(outcome)"} \#(count)"# + "\n"),
                "\(outcome)")
        }
        #expect(metrics.contains("megaphone_broadcasts_held 1\n"))
        #expect(harness.log.lines().contains { $0.contains("held until 2023-11-14T22:18:20.000000Z") })
    }
}
