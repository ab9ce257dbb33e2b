import Broadcasts
import TestSupport
import Testing

/// GET and HEAD of a broadcaster and of a channel.
@Suite(.timeLimit(.minutes(1))) struct PartsTests {
    private let absent = #"{"code":404,"errno":123,"error":"Not Found"}"#

    private func harness(_ depth: Depth, anonymousReads: Bool = false) async throws -> APIHarness {
        let harness = try APIHarness(depth, anonymousReads: anonymousReads)
        for (broadcaster, channel, version) in [
            ("test", "b", "v2"), ("test", "a", "v1"), ("other", "a", "w"), ("testing", "a", "x"),
        ] {
            harness.store.rows.append(
                BoardRow(broadcasterID: broadcaster, channelID: channel, version: version))
        }
        return harness
    }

    @Test(arguments: Depth.allCases)
    func part_hasTheShapeOfTheBoard(_ depth: Depth) async throws {
        let harness = try await harness(depth)
        for (path, body) in [
            ("/v1/broadcasts/test", #"{"code":200,"broadcasts":{"test/a":"v1","test/b":"v2"}}"#),
            ("/v1/broadcasts/test/b", #"{"code":200,"broadcasts":{"test/b":"v2"}}"#),
            ("/v1//broadcasts/%74est/", #"{"code":200,"broadcasts":{"test/a":"v1","test/b":"v2"}}"#),
            ("/v1/broadcasts/none", #"{"code":200,"broadcasts":{}}"#),
        ] {
            let response = try await harness.send("GET", path, [.reader])
            #expect(response.status == 200 && response.text == body)
            #expect(response["etag"] == Content(body: Array(body.utf8)).entityTag)
            #expect(response["cache-control"] == "no-cache")
            let tag = try #require(response["etag"])
            let unchanged = try await harness.send("GET", path, [.reader, "If-None-Match: \(tag)"])
            #expect(unchanged.status == 304 && unchanged["etag"] == tag)
            let head = try await harness.send("HEAD", path, [.reader])
            #expect(head.status == 200 && head["etag"] == tag && head.body.isEmpty)
            #expect(head["content-length"] == String(body.utf8.count))
        }
    }

    @Test(arguments: Depth.allCases)
    func absentChannel_is404_withoutATag(_ depth: Depth) async throws {
        let harness = try await harness(depth)
        for path in ["/v1/broadcasts/test/none", "/v1/broadcasts/none/a"] {
            let response = try await harness.send("GET", path, [.reader])
            #expect(response.status == 404 && response.text == absent && response["etag"] == nil)
            #expect(try await harness.send("HEAD", path, [.reader]).status == 404)
            #expect(try await harness.send("GET", path, [.reader, "If-None-Match: *"]).status == 404)
        }
    }

    @Test(arguments: Depth.allCases)
    func rights_areThoseOfTheTable(_ depth: Depth) async throws {
        let harness = try await harness(depth)
        let anonymous = try await self.harness(depth, anonymousReads: true)
        for (path, reader, owner) in [
            ("/v1/broadcasts", 200, 403), ("/v1/broadcasts/test", 200, 200),
            ("/v1/broadcasts/test/a", 200, 200), ("/v1/broadcasts/other", 200, 403),
            ("/v1/broadcasts/other/a", 200, 403),
        ] {
            #expect(try await harness.send("GET", path, [.reader]).status == reader)
            #expect(try await harness.send("GET", path, [.broadcaster]).status == owner)
            #expect(try await harness.send("GET", path).status == 401)
            #expect(try await harness.send("GET", path, ["Authorization: Bearer x"]).status == 401)
            #expect(try await anonymous.send("GET", path).status == 200)
            #expect(try await anonymous.send("GET", path, ["Authorization: Bearer x"]).status == 401)
        }
    }

    @Test(arguments: Depth.allCases)
    func checks_runInOrder(_ depth: Depth) async throws {
        let harness = try await harness(depth)
        for (path, fields, errno) in [
            ("/v1/broadcasts/a.b", [], 120), ("/v1/broadcasts/a.b", [String.broadcaster], 100),
            ("/v1/broadcasts/a.b/c.d", [.broadcaster], 100),
            ("/v1/broadcasts/other/c.d", [.broadcaster], 101),
            ("/v1/broadcasts/other/c", [.broadcaster], 122),
        ] {
            let response = try await harness.send("GET", path, fields)
            #expect(response.text.contains(#""errno":\#(errno),"#), "\(path)")
        }
    }

    @Test(arguments: Depth.allCases)
    func part_isServedStale_withTheBoardsAge(_ depth: Depth) async throws {
        let harness = try await harness(depth)
        #expect(try await harness.send("GET", "/v1/broadcasts/test", [.reader]).status == 200)
        harness.store.failure = .failed("gone")
        harness.advance(.seconds(7))
        for path in ["/v1/broadcasts/test", "/v1/broadcasts/test/a"] {
            let response = try await harness.send("GET", path, [.reader])
            #expect(response.status == 200 && response["age"] == "7")
        }
        // Found by the simulation (seed 3): a 404 from an old board looked fresh.
        let absent = try await harness.send("GET", "/v1/broadcasts/test/none", [.reader])
        #expect(absent.status == 404 && absent["age"] == "7")
        harness.advance(.seconds(300))
        #expect(try await harness.send("GET", "/v1/broadcasts/test/none", [.reader]).status == 503)
    }
}
