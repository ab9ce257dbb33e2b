import API
import Broadcasts
import Telemetry
import TestSupport
import Testing

/// PUT with preconditions, DELETE, and `monotonic_channels`.
@Suite(.timeLimit(.minutes(1))) struct WriteTests {
    private static let path = "/v1/broadcasts/test/c"

    private func send(
        _ method: String, _ harness: APIHarness, _ fields: [String] = [], body: String? = nil
    ) async throws -> ReceivedResponse {
        try await harness.send(
            method, Self.path, [.broadcaster] + fields, body: body.map { Array($0.utf8) })
    }

    private func tag(_ harness: APIHarness) async throws -> String {
        try #require(try await send("GET", harness)["etag"])
    }

    @Test(arguments: Depth.allCases)
    func preconditionOnPUT_holdsOrFails(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let created = try await send("PUT", harness, ["If-None-Match: *"], body: "v1")
        #expect(created.status == 201)
        #expect(created.text == #"{"code":201}"#)
        #expect(created["etag"] == nil)
        let tag = try await tag(harness)
        let failed = try await send("PUT", harness, ["If-None-Match: *"], body: "v1")
        #expect(failed.status == 412)
        #expect(failed.text == #"{"code":412,"errno":128,"error":"Precondition Failed"}"#)
        #expect(failed["etag"] == tag)
        #expect(failed["cache-control"] == "no-store")
        let changed = try await send("PUT", harness, ["If-Match: \(tag)"], body: "v2")
        #expect(changed.status == 200)
        #expect(changed["etag"] == nil)
        #expect(try await send("PUT", harness, ["If-Match: \(tag)"], body: "v2").status == 200)
        #expect(try await send("PUT", harness, ["If-Match: \(tag)"], body: "v3").status == 412)
        #expect(harness.store.rows.map(\.version) == ["v2"])
    }

    @Test(arguments: Depth.allCases)
    func deletion_removesTheChannel(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let absent = try await send("DELETE", harness)
        #expect(absent.status == 404)
        #expect(absent.text == #"{"code":404,"errno":123,"error":"Not Found"}"#)
        _ = try await harness.put("c", "v1")
        let tag = try await tag(harness)
        #expect(try await send("DELETE", harness, ["If-Match: \"x\""])["etag"] == tag)
        let deleted = try await send("DELETE", harness, ["If-Match: \(tag)"], body: "ignored")
        #expect(deleted.status == 200)
        #expect(deleted.text == #"{"code":200}"#)
        #expect(try await send("GET", harness).status == 404)
        #expect(try await send("DELETE", harness, ["If-Match: \(tag)"]).status == 404)
        #expect(try await harness.put("c", "v1").status == 201)
    }

    @Test func checks_areMadeInTheirOrder() async throws {
        let harness = try APIHarness(
            writes: API.Writes(
                maximumChannels: 1, historyLimit: 0, monotonicChannels: [], holdBack: HoldBack()))
        _ = try await harness.put("other", "v1")
        _ = try await harness.get()
        let match = "If-Match: \"x\""
        func status(
            _ method: String, path: String = Self.path, _ fields: [String], _ body: String? = nil
        ) async throws -> Int {
            try await harness.send(method, path, fields, body: body.map { Array($0.utf8) }).status
        }
        for method in ["PUT", "DELETE"] {
            #expect(try await status(method, path: "/v1/broadcasts/t.t/c", [match], "v") == 401)
            #expect(
                try await status(method, path: "/v1/broadcasts/t.t/c", [.broadcaster, match], "v") == 400)
            #expect(
                try await status(method, path: "/v1/broadcasts/other/c", [.broadcaster, match], "v") == 403)
            #expect(try await status(method, [.reader, match], "v") == 403)
        }
        #expect(try await status("PUT", [.broadcaster, match, "Content-Encoding: gzip"], "v") == 415)
        #expect(try await status("PUT", [.broadcaster, match], "") == 400)
        // The precondition comes before the number of channels.
        #expect(try await status("PUT", [.broadcaster, match], "v") == 412)
        #expect(try await status("PUT", [.broadcaster, "If-None-Match: *"], "v") == 409)
        #expect(try await status("PUT", [.broadcaster, "If-None-Match: x"], "v") == 412)
        harness.store.failure = .failed("down")
        #expect(try await status("PUT", [.broadcaster, match], "v") == 503)
        #expect(try await status("DELETE", [.broadcaster, match]) == 503)
    }

    @Test func listOfTags_isParsedStrictly() async throws {
        let harness = try APIHarness()
        _ = try await harness.put("c", "v1")
        let tag = try await tag(harness)
        let holding = [
            [tag], ["*"], [" * "], ["\"a\", \(tag)"], [",, \(tag) ,"], ["\"a\"", tag], ["\"a,b\",\(tag)"],
            ["W/\"a\",\(tag)"], ["\"\u{E9}\",\(tag)"],
        ]
        let failing = [
            [""], [","], ["W/\(tag)"], ["*, \(tag)"], ["\(tag) \(tag)"], ["\(tag),a"], ["\(tag)\"a"],
            [String(tag.dropFirst())], [String(tag.dropLast())], ["w/\"a\",\(tag)"], ["\"a b\",\(tag)"],
            ["'\(tag)'"], ["\(tag);q=1"], ["\(tag)", "a"],
        ]
        for (lists, status) in [(holding, 200), (failing, 412)] {
            for list in lists {
                let fields = list.map { "If-Match: \($0)" }
                #expect(try await send("PUT", harness, fields, body: "v1").status == 200 || status == 412)
                let response = try await send("DELETE", harness, fields)
                #expect(response.status == status, "\(list)")
                if status == 200 { _ = try await harness.put("c", "v1") }
            }
        }
        // On GET, If-Match is ignored.
        #expect(try await send("GET", harness, ["If-Match: \"x\""]).status == 200)
    }

    @Test(arguments: Depth.allCases)
    func smallerNumber_changesNothing_inAMonotonicChannel(_ depth: Depth) async throws {
        let channel = try #require(ChannelName("test/c"))
        let harness = try APIHarness(
            depth,
            writes: API.Writes(
                maximumChannels: 10, historyLimit: 0, monotonicChannels: [channel], holdBack: HoldBack()))
        _ = try await harness.put("c", "\"2\"")
        let outdated = try await harness.put("c", "\"1\"")
        #expect(outdated.status == 200)
        #expect(outdated.text == #"{"code":200}"#)
        #expect(harness.store.rows.map(\.version) == ["\"2\""])
        _ = try await harness.put("other", "2")
        _ = try await harness.put("other", "1")
        #expect(harness.store.rows.map(\.version) == ["\"2\"", "1"])
        #expect(try await send("PUT", harness, ["If-Match: *"], body: "1").status == 200)
        #expect(harness.store.rows.map(\.version) == ["1", "1"])
        let metrics = String(decoding: harness.registry.prometheusText(), as: UTF8.self)
        #expect(metrics.contains("megaphone_puts_outdated_total 1\n"))
        #expect(harness.log.lines().contains { $0.contains("test/c: a number smaller than the present one") })
    }

    @Test func failedPrecondition_isCounted() async throws {
        let harness = try APIHarness()
        _ = try await send("PUT", harness, ["If-Match: *"], body: "v1")
        let metrics = String(decoding: harness.registry.prometheusText(), as: UTF8.self)
        #expect(metrics.contains("megaphone_preconditions_failed_total 1\n"))
    }

    @Test func deletedChannel_isNotCountedAsOne() async throws {
        let harness = try APIHarness(
            writes: API.Writes(
                maximumChannels: 1, historyLimit: 0, monotonicChannels: [], holdBack: HoldBack()))
        _ = try await harness.get()
        for round in 0..<3 {
            #expect(try await harness.put("c\(round)", "v1").status == 201)
            let deleted = try await harness.send(
                "DELETE", "/v1/broadcasts/test/c\(round)", [.broadcaster])
            #expect(deleted.status == 200)
        }
    }
}
