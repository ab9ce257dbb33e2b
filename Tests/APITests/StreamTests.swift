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
            (";text/event-stream", false), ("*/*", false), ("text/*", false), ("", false),
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
