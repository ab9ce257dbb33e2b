import API
import Access
import Broadcasts
import HTTP
import Telemetry
import TestSupport
import Testing
import Time

/// What follows the first event of a stream, and how it ends.
@Suite struct StreamLifeTests {
    private let board = "/v1/broadcasts"
    private let channel = "/v1/broadcasts/test/c"

    private func state(_ version: String) -> String {
        #"{"code":200,"broadcasts":{"test/c":"\#(version)"}}"#
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
                broadcasters: ["test": [Token(TokenDigest(token: "foobar"))]], readers: [:], scopes: [:],
                anonymousReads: true))
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
}
