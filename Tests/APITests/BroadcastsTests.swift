import API
import Broadcasts
import Telemetry
import TestSupport
import Testing
import Time

@Suite(.timeLimit(.minutes(1))) struct BroadcastsTests {
    @Test(arguments: Depth.allCases)
    func put_returns201_whenTheBroadcastIsNew(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for (version, status) in [("v0", 201), ("v0", 200), ("v1", 200)] {
            let response = try await harness.put("broadcast1", version)
            #expect(response.status == status)
            #expect(response.text == #"{"code":\#(status)}"#)
            #expect(response["content-type"] == "application/json")
        }
        let board = try await harness.get()
        #expect(board.status == 200)
        #expect(board.text == #"{"code":200,"broadcasts":{"test/broadcast1":"v1"}}"#)
        #expect(board["content-type"] == "application/json")
        #expect(board["cache-control"] == "no-cache")
        #expect(board["etag"] == Board(rows: harness.store.rows).content.entityTag)
        #expect(board["age"] == nil)
    }

    @Test(arguments: Depth.allCases)
    func board_isEmpty_beforeTheFirstPut(_ depth: Depth) async throws {
        #expect(try await APIHarness(depth).get().text == #"{"code":200,"broadcasts":{}}"#)
    }

    @Test(arguments: Depth.allCases)
    func version_isReturnedUnchanged_withEscapedCharacters(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        #expect(try await harness.put("c", "\"a\\\u{1}\u{7F}\r\n\t/ \"").status == 201)
        #expect(
            try await harness.get().text
                == "{\"code\":200,\"broadcasts\":{\"test/c\":\"\\\"a\\\\\\u0001\u{7F}\\r\\n\\t/ \\\"\"}}")
    }

    @Test(arguments: Depth.allCases)
    func head_returnsTheFieldsOfGet(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.put("c", "v1")
        let get = try await harness.get("X-Request-Id: r1")
        let head = try await harness.send("HEAD", "/v1/broadcasts", [.reader, "X-Request-Id: r1"])
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        func lines(_ response: ReceivedResponse) -> [String] {
            response.fields.filter { $0.name != "date" }.map { "\($0.name): \($0.value)" }
        }
        #expect(lines(head) == lines(get))
        #expect(head["content-length"] == String(get.body.count))
    }

    @Test(arguments: [
        "/v1/broadcasts", "/v1/broadcasts/", "//v1//broadcasts", "/v1/broadcasts//", "/v1/broadcasts?x=y",
        "/v1/broadcasts/?", "/%761/broadcast%73", "http://localhost:8000/v1/broadcasts",
        "/v1/__broadcasts__", "/__broadcasts__", "/__broadcasts__/",
    ])
    func board_isServed_atEveryEquivalentPath(_ target: String) async throws {
        let harness = try APIHarness()
        _ = try await harness.put("c", "v1")
        let response = try await harness.send("GET", target, [.reader])
        #expect(response.status == 200)
        #expect(response.text == #"{"code":200,"broadcasts":{"test/c":"v1"}}"#)
        #expect(try await harness.send("GET", target).status == 401)
    }

    @Test(arguments: [
        "/v1/broadcasts/test/c", "/v1//broadcasts/test/c/", "/v1/broadcasts/%74est/%63",
        "/v1/broadcasts/test/c?q",
    ])
    func put_isAccepted_atEveryEquivalentPath(_ target: String) async throws {
        let harness = try APIHarness()
        let response = try await harness.send("PUT", target, [.broadcaster], body: Array("v1".utf8))
        #expect(response.status == 201)
        #expect(harness.store.rows == [BoardRow(broadcasterID: "test", channelID: "c", version: "v1")])
    }

    @Test func put_storesTheBodyUnchanged_withAnyContentType() async throws {
        let harness = try APIHarness()
        for type in [
            "application/x-www-form-urlencoded", "application/json", "multipart/form-data", "nonsense",
        ] {
            _ = try await harness.send(
                "PUT", "/v1/broadcasts/test/c", [.broadcaster, "Content-Type: \(type)"],
                body: Array("a=1&b=\(type)".utf8))
            #expect(harness.store.rows.map(\.version) == ["a=1&b=\(type)"])
        }
    }

    @Test func put_acceptsAChunkedBody() async throws {
        let harness = try APIHarness()
        let request = """
            PUT /v1/broadcasts/test/c HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer foobar\r
            Transfer-Encoding: chunked\r\n\r\n2\r\nv1\r\n3\r\n-v2\r\n0\r\n\r\n
            """
        #expect(try await harness.send(Array(request.utf8)).status == 201)
        #expect(harness.store.rows.map(\.version) == ["v1-v2"])
    }

    @Test func put_givesTheStoreADeadlineThatLeavesTimeForTheResponse() async throws {
        let harness = try APIHarness { $0.writeDeadline = .milliseconds(2000) }
        _ = try await harness.put("c", "v1")
        #expect(harness.store.deadlines == [harness.now + .milliseconds(1900)])
    }

    @Test func ids_areCaseSensitive_andMayHaveTheMaximumLength() async throws {
        let harness = try APIHarness()
        for channel in ["b", "B", String(repeating: "a", count: 128)] {
            #expect(try await harness.put(channel, channel).status == 201)
        }
        #expect(harness.store.rows.count == 3)
    }

    @Test(arguments: Depth.allCases)
    func put_isVisibleToTheNextGet_withMaxStaleness(_ depth: Depth) async throws {
        var freshness = BoardFeed.Freshness.defaults
        freshness.maxStaleness = .seconds(3600)
        let harness = try APIHarness(depth, freshness: freshness)
        for version in ["v1", "v2"] {
            _ = try await harness.put("c", version)
            for _ in 0..<3 {
                #expect(
                    try await harness.get().text == #"{"code":200,"broadcasts":{"test/c":"\#(version)"}}"#)
            }
        }
        #expect(harness.store.reads == 2)
    }

    @Test(arguments: Depth.allCases)
    func staleBoard_isServedWithItsAge_whenTheStoreFails(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        _ = try await harness.put("c", "v1")
        let fresh = try await harness.get()
        harness.store.failure = .unavailable("down")
        harness.advance(.milliseconds(2900))
        let stale = try await harness.get()
        #expect(stale.status == 200)
        #expect(stale["age"] == "2")
        #expect(stale.body == fresh.body)
        #expect(try await harness.get("If-None-Match: \(fresh["etag"] ?? "")")["age"] == "2")
        let metrics = String(decoding: harness.registry.prometheusText(), as: UTF8.self)
        #expect(metrics.contains("\nmegaphone_stale_boards_total 2\n"))
        harness.advance(.seconds(300))
        #expect(try await harness.get().status == 503)
        harness.store.failure = nil
        #expect(try await harness.get()["age"] == nil)
    }

    @Test(arguments: Depth.allCases)
    func newChannel_isRejected_aboveTheMaximum(_ depth: Depth) async throws {
        let harness = try APIHarness(
            depth,
            writes: API.Writes(
                maximumChannels: 2, historyLimit: 0, monotonicChannels: [], holdBack: HoldBack()))
        #expect(try await harness.put("a", "v1").status == 201)
        _ = try await harness.get()
        #expect(try await harness.put("b", "v1").status == 201)
        let refused = try await harness.put("c", "v1")
        #expect(refused.status == 409)
        #expect(refused.text == #"{"code":409,"errno":130,"error":"Too many channels"}"#)
        #expect(try await harness.put("b", "v2").status == 200, "a known channel is accepted")
        // Another program removes a channel. Before it rejects a PUT, the API repeats a read older than a
        // second.
        harness.store.rows.removeFirst()
        #expect(try await harness.put("c", "v1").status == 409)
        harness.advance(.milliseconds(1001))
        #expect(try await harness.put("c", "v1").status == 201)
        // If that read fails, the PUT is not rejected but passed to the store, which fails too.
        harness.advance(.milliseconds(1001))
        harness.store.failure = .unavailable("down")
        #expect(try await harness.put("d", "v1").status == 503)
    }
}
