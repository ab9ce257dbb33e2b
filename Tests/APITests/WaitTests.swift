import API
import Access
import Broadcasts
import HTTP
import Telemetry
import TestSupport
import Testing
import Time

/// `Prefer: wait` (API contract: RFC 7240 section 4.3).
@Suite struct WaitTests {
    private let board = "/v1/broadcasts"
    private let channel = "/v1/broadcasts/test/c"

    /// Returns the tag of a resource.
    private func tag(_ loop: LiveLoop, _ target: String) throws -> String {
        try #require(loop.open(target).field("etag"))
    }

    /// Opens a wait for a resource whose present state the client has.
    private func wait(
        _ loop: LiveLoop, _ target: String, seconds: String = "30", _ fields: [String] = []
    ) throws -> LiveConnection {
        let tag = try tag(loop, target)
        return loop.open(
            target, [.reader, "If-None-Match: \(tag)", "Prefer: wait=\(seconds)"] + fields)
    }

    @Test(arguments: ["/v1/broadcasts", "/v1/__broadcasts__", "/v1/broadcasts/test", "/v1/broadcasts/test/c"])
    func wait_isAnsweredByAChange(_ target: String) throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, target)
        loop.advance(.seconds(20))
        #expect(wait.text.isEmpty)
        loop.set("c", "v2")
        loop.advance(.milliseconds(200))
        #expect(wait.status == 200)
        #expect(wait.text.hasSuffix(#"{"code":200,"broadcasts":{"test/c":"v2"}}"#))
        #expect(wait.field("preference-applied") == "wait=30")
        #expect(wait.field("age") == nil)
    }

    @Test func wait_endsWith304_upToASixteenthBeforeItsLimit() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let waits = try (0..<50).map { _ in try wait(loop, channel, seconds: "16") }
        loop.advance(.milliseconds(14_990))
        #expect(waits.allSatisfy { $0.text.isEmpty })
        loop.advance(.milliseconds(500))
        #expect(waits.contains { $0.status == 304 } && waits.contains { $0.status == nil })
        loop.advance(.milliseconds(510))
        #expect(waits.allSatisfy { $0.status == 304 && $0.field("preference-applied") == "wait=16" })
    }

    @Test func wait_isBoundedByMaxWait() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel, seconds: "999999999")
        loop.advance(.seconds(45))
        #expect(wait.status == 304)
        #expect(wait.field("preference-applied") == "wait=45")
    }

    @Test func absentChannel_isWaitedFor_withoutATag() throws {
        let loop = try LiveLoop()
        for fields in [[], ["If-None-Match: \"\""]] {
            loop.set("c", nil)
            let created = loop.open(channel, [.reader, "Prefer: wait=20"] + fields)
            let absent = loop.open(channel, [.reader, "Prefer: wait=3"] + fields)
            loop.advance(.seconds(3))
            #expect(created.text.isEmpty)
            #expect(absent.status == 404)
            #expect(absent.field("preference-applied") == "wait=3" && absent.field("etag") == nil)
            loop.set("c", "v1")
            loop.advance(.milliseconds(200))
            #expect(created.status == 200)
        }
    }

    @Test func deletion_isAChange() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel)
        loop.set("c", nil)
        loop.advance(.milliseconds(200))
        #expect(wait.status == 404)
    }

    @Test func everyOtherRequest_isAnsweredAtOnce() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let tag = try tag(loop, channel)
        let asked: [(fields: [String], status: Int, applied: String?)] = [
            (["Prefer: wait=9"], 200, "wait=9"), (["If-None-Match: \"a\"", "Prefer: wait=9"], 200, "wait=9"),
            (["If-None-Match: \"\"", "Prefer: wait=9"], 200, "wait=9"),
            (["If-None-Match: \(tag)", "Prefer: wait=0"], 304, "wait=0"),
            (["If-None-Match: \(tag)", "Prefer: wait=1234567890"], 304, nil),
            (["If-None-Match: \(tag)", "Prefer: wait"], 304, nil),
            (["If-None-Match: \(tag)", "Prefer: wait=-1"], 304, nil),
            (["If-None-Match: \(tag)", "Prefer: wait=\"5\""], 304, nil),
            (["If-None-Match: \(tag)", "Prefer: wait=x, wait=5"], 304, nil),
            (["If-None-Match: \(tag)", "Prefer: respond-async"], 304, nil),
            (["If-None-Match: \(tag)"], 304, nil),
        ]
        for (fields, status, applied) in asked {
            let response = loop.open(channel, [.reader] + fields)
            #expect(response.status == status, "\(fields)")
            #expect(response.field("preference-applied") == applied, "\(fields)")
        }
    }

    @Test func preference_isFoundAmongOthers() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let tag = try tag(loop, channel)
        for prefer in [
            "respond-async, wait=9", "WAIT=9", "wait = 9", "wait=9; a=b, wait=1",
            "a=\"b\",wait=9",
        ] {
            let wait = loop.open(channel, [.reader, "If-None-Match: \(tag)", "Prefer: \(prefer)"])
            #expect(wait.text.isEmpty, "\(prefer)")
            wait.end()
            #expect(wait.field("preference-applied") == "wait=9", "\(prefer)")
        }
    }

    @Test func head_neverWaits() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let tag = try tag(loop, channel)
        let head = loop.open(
            channel, [.reader, "If-None-Match: \(tag)", "Prefer: wait=9"], method: "HEAD")
        #expect(head.status == 304 && head.field("preference-applied") == nil)
    }

    @Test func change_outsideTheView_wakesNobody() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel)
        loop.set("d", "w1")
        loop.set("c", "v9", of: "other")
        loop.advance(.seconds(1))
        #expect(wait.text.isEmpty)
    }

    @Test func firstLook_isARead_whateverMaxStalenessIs() throws {
        let loop = try LiveLoop(
            freshness: BoardFeed.Freshness(
                maxStaleness: .seconds(60), readDeadline: .milliseconds(250), staleIfError: .seconds(300),
                watchInterval: .milliseconds(200)))
        loop.set("c", "v1")
        let tag = try tag(loop, channel)
        loop.set("c", "v2")
        #expect(try self.tag(loop, channel) == tag, "max_staleness allows the older board")
        let wait = loop.open(channel, [.reader, "If-None-Match: \(tag)", "Prefer: wait=9"])
        #expect(wait.status == 200)
    }

    @Test func failingStore_isNoChange() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel)
        loop.store.failure = .failed("gone")
        loop.advance(.seconds(5))
        #expect(wait.text.isEmpty)
        let news = loop.open(channel, [.reader, "If-None-Match: \"a\"", "Prefer: wait=9"])
        #expect(news.status == 200 && news.field("age") == "5")
        loop.set("c", "v2")
        loop.store.failure = nil
        loop.advance(.milliseconds(200))
        #expect(wait.status == 200)
    }

    @Test func unansweredRequest_getsTheAge_atItsLimit() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel, seconds: "16")
        loop.store.failure = .failed("gone")
        loop.advance(.seconds(16))
        #expect(wait.status == 304)
        #expect(wait.field("age").flatMap { Int($0) } ?? 0 >= 14)
    }

    @Test func storeWithoutABoard_is503AtOnce() throws {
        let loop = try LiveLoop()
        loop.store.failure = .failed("gone")
        let wait = loop.open(channel, [.reader, "Prefer: wait=9"])
        #expect(wait.status == 503 && wait.field("preference-applied") == "wait=9")
    }

    @Test func clientThatEndsItsSide_isAnsweredAtOnce() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel)
        wait.end()
        #expect(wait.status == 304 && wait.field("connection") == "close" && wait.isClosed)
    }

    @Test func pipelinedRequest_isAnsweredAfterTheWait() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel)
        wait.send("GET", "/__lbheartbeat__", [])
        #expect(wait.text.isEmpty)
        loop.set("c", "v2")
        loop.advance(.milliseconds(200))
        #expect(wait.text.components("HTTP/1.1 200 OK") == 2)
    }

    @Test func wait_isRefused_beyondMaxListeners() throws {
        var live = API.Live.defaults
        live.maximumListeners = 2
        let loop = try LiveLoop(live: live)
        loop.set("c", "v1")
        let waits = try (0..<3).map { _ in try wait(loop, channel) }
        #expect(waits.map(\.status) == [nil, nil, 503])
        #expect(waits[2].text.contains(#""errno":203"#))
        #expect((2...10).contains(waits[2].field("retry-after").flatMap { Int($0) } ?? 0))
        #expect(waits[2].field("preference-applied") == "wait=30")
        waits[0].close()
        #expect(try wait(loop, channel).status == nil)
        live.maximumListeners = 0
        loop.apply(APIHarness.access(anonymousReads: false), live: live)
        #expect(waits[1].status == nil, "a smaller limit ends nobody")
        let ignored = try wait(loop, channel)
        #expect(ignored.status == 304 && ignored.field("preference-applied") == nil)
    }

    @Test func heldRequests_takeFourFifthsOfTheConnections() throws {
        let loop = try LiveLoop(maximumConnections: 5)
        loop.set("c", "v1")
        let statuses = try (0..<5).map { _ in try wait(loop, channel).status }
        #expect(statuses == [nil, nil, nil, nil, 503])
    }

    @Test func revokedToken_endsTheWait_andNoOther() throws {
        let loop = try LiveLoop(anonymousReads: true)
        loop.set("c", "v1")
        let tag = try tag(loop, channel)
        let fields = ["If-None-Match: \(tag)", "Prefer: wait=9"]
        let (anonymous, reader) = (loop.open(channel, fields), loop.open(channel, [.reader] + fields))
        let owner = loop.open(channel, [.broadcaster] + fields)
        loop.apply(
            AccessTable(
                broadcasters: ["other": [Token(TokenDigest(token: "foobar"))]],
                readers: ["x": [Token(TokenDigest(token: "quux"))]], scopes: [:], anonymousReads: false))
        #expect(anonymous.status == 401 && owner.status == 403)
        #expect(owner.field("preference-applied") == nil)
        #expect(reader.status == nil)
    }

    @Test func noHeldRequest_noReads() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel, seconds: "2")
        loop.advance(.seconds(2))
        #expect(wait.status == 304)
        let reads = loop.store.reads
        #expect((9...13).contains(reads), "\(reads)")
        loop.advance(.seconds(60))
        #expect(loop.store.reads == reads)
    }

    @Test func heldWait_isLoggedOnce_andStaysOutOfTheHistogram() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let wait = try wait(loop, channel, seconds: "2")
        let gone = try self.wait(loop, channel)
        gone.close()
        loop.advance(.seconds(2))
        #expect(wait.status == 304)
        let metrics = String(decoding: loop.registry.prometheusText(), as: UTF8.self)
        #expect(
            metrics.contains(#"megaphone_http_request_duration_seconds_count{route="broadcast"} 2"#))
        #expect(metrics.contains(#"megaphone_listeners{kind="wait"} 0"#))
        #expect(loop.log.lines().count == 4)
    }
}

extension String {
    /// The number of times that a text occurs.
    func components(_ text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
