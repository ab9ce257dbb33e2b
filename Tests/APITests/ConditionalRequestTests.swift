import Broadcasts
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConditionalRequestTests {
    @Test(arguments: Depth.allCases)
    func matchingTag_returns304_withoutContent(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.put("c", "v1")
        let tag = try #require(try await harness.get()["etag"])
        for method in ["GET", "HEAD"] {
            let response = try await harness.send(
                method, "/v1/broadcasts", [.reader, "If-None-Match: \(tag)"])
            #expect(response.status == 304)
            #expect(response.body.isEmpty)
            #expect(response["etag"] == tag)
            #expect(response["cache-control"] == "no-cache")
            #expect(response["content-type"] == nil)
            #expect(response["content-length"] == nil)
        }
        _ = try await harness.put("c", "v2")
        #expect(try await harness.get("If-None-Match: \(tag)").status == 200)
    }

    @Test(arguments: Depth.allCases)
    func equalVersion_keepsTheTag(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        #expect(try await harness.put("c", "v1").status == 201)
        let tag = try #require(try await harness.get()["etag"])
        #expect(try await harness.put("c", "v1").status == 200)
        #expect(try await harness.get("If-None-Match: \(tag)").status == 304)
    }

    @Test func tag_isTheSame_onEveryNode() async throws {
        let (one, other) = (try APIHarness(), try APIHarness())
        for channel in ["a", "b"] { _ = try await one.put(channel, "v") }
        for channel in ["b", "a"] { _ = try await other.put(channel, "v") }
        #expect(try await one.get()["etag"] == other.get()["etag"])
    }

    @Test func ifNoneMatch_isParsedAsInRFC9110() async throws {
        let harness = try APIHarness()
        let tag = try #require(try await harness.get()["etag"])
        let lines: [([String], Int)] = [
            ([tag], 304), (["W/\(tag)"], 304), (["*"], 304), ([" \(tag)\t"], 304),
            (["\"a\", \(tag)"], 304), (["\"a\",\(tag),W/\"b\""], 304), ([", ,\(tag)"], 304),
            (["\"a\"", tag], 304),
            (["W/\"a\" , W/\(tag)"], 304), (["\"a,b\",\(tag)"], 304), (["\"\",\(tag)"], 304),
            (["\"a\""], 200), ([""], 200), (["\"a\" \(tag)"], 200), (["w/\(tag)"], 200), (["W/ \(tag)"], 200),
            ([String(tag.dropFirst())], 200), ([String(tag.dropLast())], 200),
            ([String(tag.dropFirst().dropLast())], 200),
            (["*, \"a\""], 200), (["\"a\"b\(tag)"], 200), (["\"*\""], 200), ([tag.uppercased()], 200),
        ]
        for (values, status) in lines {
            let fields = values.map { "If-None-Match: \($0)" }
            let response = try await harness.send("GET", "/v1/broadcasts", [.reader] + fields)
            #expect(response.status == status, "\(values)")
        }
    }
}
