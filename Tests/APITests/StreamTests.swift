import API
import Access
import Broadcasts
import HTTP
import Telemetry
import TestSupport
import Testing
import Time

/// Server-sent events.
@Suite struct StreamTests {
    private let board = "/v1/broadcasts"
    private let channel = "/v1/broadcasts/test/c"
    private let absent = #"{"code":404,"errno":123,"error":"Not Found"}"#

    private func state(_ version: String) -> String {
        #"{"code":200,"broadcasts":{"test/c":"\#(version)"}}"#
    }

    private func id(_ body: String) -> String {
        String(Content(body: Array(body.utf8)).id)
    }

    @Test func stream_beginsWithTheState() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let stream = loop.follow(channel)
        #expect(stream.status == 200)
        for (name, value) in [
            ("content-type", "text/event-stream"), ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"), ("transfer-encoding", "chunked"), ("connection", "close"),
        ] {
            #expect(stream.field(name) == value)
        }
        #expect(stream.field("content-length") == nil && stream.field("etag") == nil)
        #expect((2000...5000).contains(try #require(stream.retries.first)))
        #expect(stream.text.contains("\n\nid: \(id(state("v1")))\ndata: \(state("v1"))\n\n"))
        #expect(stream.states == [state("v1")])
    }

    @Test func stream_hasNoChunks_inHTTP10() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let stream = loop.open(channel, [.reader, "Accept: text/event-stream"], version: "1.0")
        #expect(stream.field("transfer-encoding") == nil && stream.field("connection") == "close")
        loop.set("c", "v2")
        loop.advance(.milliseconds(300))
        #expect(stream.text.hasSuffix("\n\nid: \(id(state("v2")))\ndata: \(state("v2"))\n\n"))
    }

    @Test(arguments: ["/v1/broadcasts", "/__broadcasts__", "/v1/broadcasts/test", "/v1/broadcasts/test/c"])
    func stream_showsEachChange(_ target: String) throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let stream = loop.follow(target)
        for version in ["v2", "v3"] {
            loop.set("c", version)
            loop.advance(.milliseconds(250))
        }
        #expect(stream.states == [state("v1"), state("v2"), state("v3")])
    }

    @Test func absentChannel_isAState() throws {
        let loop = try LiveLoop()
        let stream = loop.follow(channel)
        #expect(stream.text.contains("id: \(id(absent))\ndata: \(absent)\n\n"))
        loop.set("c", "v1")
        loop.advance(.milliseconds(250))
        loop.set("c", nil)
        loop.advance(.milliseconds(250))
        #expect(stream.states == [absent, state("v1"), absent])
    }

    @Test func accept_mustNameTheType() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        for (accept, isStream) in [
            ("text/event-stream", true), ("TEXT/Event-Stream;q=0.1", true),
            ("application/json;q=0.5, text/event-stream", true), ("text/event-stream;q=0.001", true),
            ("*/*, text/event-stream;charset=utf-8", true),
            ("application/json, text/event-stream;q=0.9", false),
            ("application/json, text/event-stream", false), ("text/event-stream;q=0", false),
            ("text/event-stream;q=0.0000", false), ("text/event-stream;q=2", false),
            ("*/*", false), ("text/*", false), ("", false),
        ] {
            let response = loop.open(channel, [.reader, "Accept: \(accept)"])
            #expect((response.field("content-type") == "text/event-stream") == isStream, "\(accept)")
            response.close()
        }
    }

    @Test func head_readsNothing() throws {
        let loop = try LiveLoop()
        for target in [board, "/v1/broadcasts/test", channel] {
            let head = loop.open(target, [.reader, "Accept: text/event-stream"], method: "HEAD")
            #expect(head.status == 200 && head.field("content-type") == "text/event-stream")
            #expect(head.field("transfer-encoding") == "chunked" && head.isClosed)
            #expect(head.text.hasSuffix("\r\n\r\n"))
        }
        #expect(loop.store.reads == 0)
        let foreign = loop.open(board, ["Accept: text/event-stream"], method: "HEAD")
        #expect(foreign.status == 401)
    }

    @Test func lastEventID_isCompared() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let known = loop.follow(channel, ["Last-Event-ID: \(id(state("v1")))"])
        #expect(known.states.isEmpty && known.keepAlives == 1)
        for other in ["x", "\"\(id(state("v1")))\"", "é", ""] {
            let stream = loop.follow(channel, ["Last-Event-ID: \(other)"])
            #expect(stream.states == [state("v1")], "\(other)")
        }
        loop.set("c", "v2")
        loop.advance(.milliseconds(250))
        #expect(known.states == [state("v2")])
    }

    @Test func failingStore_isBridged() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let early = loop.follow(channel)
        loop.store.failure = .failed("gone")
        loop.advance(.seconds(1))
        let new = loop.follow(channel)
        #expect(new.states == [state("v1")])
        let resumed = loop.follow(channel, ["Last-Event-ID: later"])
        #expect(resumed.states.isEmpty && resumed.text.contains(#"data: {"age":1}"#))
        loop.advance(.seconds(15))
        #expect(resumed.keepAlives == 2)
        loop.store.failure = nil
        loop.advance(.milliseconds(250))
        #expect(early.states == [state("v1")] && new.states == [state("v1")])
        #expect(resumed.states == [state("v1")], "the store answers: the state differs from the client's")
        let text = try #require(loop.follow(channel, ["Last-Event-ID: \(id(state("v1")))"]).field("data"))
        #expect(text == #"{"age":0}"#)
    }

    @Test func storeWithoutABoard_getsKeepAlives_thenTheState() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        loop.store.failure = .failed("gone")
        let stream = loop.follow(channel)
        #expect(stream.status == 200 && stream.text.contains(#"data: {"age":null}"#))
        loop.advance(.seconds(31))
        #expect(stream.keepAlives == 3)
        loop.store.failure = nil
        loop.advance(.milliseconds(250))
        #expect(stream.states == [state("v1")])
    }

    @Test func keepAlive_comesAfterSilence() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let stream = loop.follow(channel)
        loop.advance(.milliseconds(14_500))
        #expect(stream.keepAlives == 0)
        loop.set("c", "v2")
        loop.advance(.milliseconds(14_900))
        #expect(stream.keepAlives == 0)
        loop.advance(.milliseconds(400))
        #expect(stream.keepAlives == 1)
    }

    @Test func stream_ends_atItsMaximumAge() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let streams = (0..<20).map { _ in loop.follow(channel) }
        loop.advance(.seconds(479))
        #expect(streams.allSatisfy { !$0.isClosed })
        loop.advance(.seconds(60))
        #expect(streams.contains(where: \.isClosed) && streams.contains { !$0.isClosed })
        loop.advance(.seconds(61))
        for stream in streams {
            #expect(stream.isClosed && stream.text.hasSuffix("\n\n\r\n0\r\n\r\n"))
            #expect((500...1500).contains(stream.retries.last ?? 0))
        }
    }

    @Test func states_areAtLeast50MillisecondsApart() throws {
        let loop = try LiveLoop(
            freshness: BoardFeed.Freshness(
                maxStaleness: .zero, readDeadline: .milliseconds(250), staleIfError: .seconds(300),
                watchInterval: .milliseconds(50)))
        loop.set("c", "v0")
        let stream = loop.follow(channel)
        for number in 1...100 {
            loop.set("c", "v\(number)")
            _ = loop.open(board)
            loop.advance(.milliseconds(10))
        }
        loop.advance(.milliseconds(100))
        #expect((15...23).contains(stream.states.count), "\(stream.states.count)")
        #expect(stream.states.last == state("v100"))
    }

    @Test func slowListener_skipsStates() throws {
        let loop = try LiveLoop()
        loop.set("c", "v0")
        let (slow, fast) = (loop.follow(channel), loop.follow(channel))
        slow.block()
        for number in 1...5 {
            loop.set("c", "v\(number)")
            loop.advance(.milliseconds(250))
        }
        #expect(slow.states == [state("v0")])
        slow.unblock()
        #expect(slow.states == [state("v0"), state("v5")])
        #expect(fast.states.count == 6)
        let metrics = String(decoding: loop.registry.prometheusText(), as: UTF8.self)
        #expect(metrics.contains("megaphone_states_skipped_total 4\n"))
    }

    @Test func consecutiveStates_differ() throws {
        let loop = try LiveLoop()
        loop.set("c", "a")
        let stream = loop.follow(channel)
        stream.block()
        for version in ["b", "a"] {
            loop.set("c", version)
            loop.advance(.milliseconds(250))
        }
        stream.unblock()
        #expect(stream.states == [state("a")])
    }

    @Test func blockedStream_ends_onceItIsUnblocked() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let stream = loop.follow(channel)
        stream.block()
        loop.advance(.seconds(601))
        #expect(!stream.isClosed)
        stream.unblock()
        #expect(stream.isClosed && stream.text.hasSuffix("0\r\n\r\n"))
    }

    @Test func excessStream_getsItsState_andEnds() throws {
        var live = API.Live.defaults
        live.maximumListeners = 1
        let loop = try LiveLoop(live: live)
        loop.set("c", "v1")
        let first = loop.follow(channel)
        let excess = loop.follow(channel)
        #expect(excess.states == [state("v1")] && excess.isClosed)
        #expect((10_000...20_000).contains(excess.retries.last ?? 0))
        first.close()
        #expect(!loop.follow(channel).isClosed)
        live.maximumListeners = 0
        loop.apply(APIHarness.access(anonymousReads: false), live: live)
        #expect(loop.follow(channel).field("content-type") == "application/json")
    }

    @Test func drain_endsStreams_withALateRetry() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let streams = (0..<10).map { _ in loop.follow(channel) }
        loop.drain(over: .seconds(1))
        loop.advance(.milliseconds(450))
        #expect((4...6).contains(streams.count(where: \.isClosed)))
        loop.advance(.milliseconds(550))
        let late = loop.follow(channel)
        for stream in streams + [late] {
            #expect(stream.isClosed && stream.states == [state("v1")])
            #expect((3000...6000).contains(stream.retries.last ?? 0))
        }
    }

    @Test func revokedToken_endsTheStream_withoutALastBlock() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let reader = loop.follow(channel)
        let owner = loop.open(channel, [.broadcaster, "Accept: text/event-stream"])
        loop.apply(
            AccessTable(
                broadcasters: ["test": [TokenDigest(token: "foobar")]], readers: [:], anonymousReads: true))
        #expect(reader.isClosed && reader.retries.count == 1)
        #expect(!owner.isClosed)
    }

    @Test func closedStream_leavesNothing() throws {
        let loop = try LiveLoop()
        loop.set("c", "v1")
        let streams = (0..<3).map { _ in loop.follow(channel) }
        for (stream, reason) in zip(streams, [ConnectionEnd.gone, .slow, .shutdown]) { stream.close(reason) }
        loop.advance(.seconds(1))
        let reads = loop.store.reads
        loop.advance(.seconds(60))
        #expect(loop.store.reads == reads)
        let metrics = String(decoding: loop.registry.prometheusText(), as: UTF8.self)
        for line in [
            #"megaphone_listeners{kind="stream"} 0"#, "megaphone_streams_opened_total 3",
            #"megaphone_streams_closed_total{reason="gone"} 1"#,
            #"megaphone_streams_closed_total{reason="slow"} 1"#,
            #"megaphone_streams_closed_total{reason="drain"} 1"#, "megaphone_states_sent_total 3",
        ] {
            #expect(metrics.contains(line + "\n"), "\(line)")
        }
        let lines = loop.log.lines()
        #expect(lines.count == 3 && lines[1].contains("stream ended: slow"))
    }

    @Test func manyListeners_allGetTheNewestState() throws {
        let loop = try LiveLoop()
        loop.set("c", "v0")
        let streams = (0..<1000).map { _ in loop.follow(channel) }
        for number in 1...3 {
            loop.set("c", "v\(number)")
            loop.advance(.milliseconds(250))
            for index in stride(from: number, to: 1000, by: 7) { streams[index].close() }
        }
        for stream in streams where !stream.isClosed { #expect(stream.states.last == state("v3")) }
    }
}
