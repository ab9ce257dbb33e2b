import Testing
import Time

/// Waits while the server drains.
@Suite struct DrainedWaitTests {
    private static let channel = "/v1/broadcasts/test/c"

    /// Opens ten waits for an unchanged channel.
    private func waits(_ loop: LiveLoop, seconds: Int) throws -> [LiveConnection] {
        loop.set("c", "v1")
        let tag = try #require(loop.open(Self.channel).field("etag"))
        return (0..<10).map { _ in
            loop.open(Self.channel, [.reader, "If-None-Match: \(tag)", "Prefer: wait=\(seconds)"])
        }
    }

    @Test func drain_answersAllWaits_spreadOverTheDuration() throws {
        let loop = try LiveLoop()
        let waits = try waits(loop, seconds: 30)
        loop.drain(over: .seconds(1))
        loop.advance(.milliseconds(450))
        #expect((4...6).contains(waits.count { $0.status == 304 }))
        loop.advance(.milliseconds(550))
        #expect(waits.allSatisfy { $0.status == 304 })
        #expect(try self.waits(loop, seconds: 30).allSatisfy { $0.status == 304 }, "nothing new is held")
    }

    /// Found by the simulation (seed 9): a drain put off the end of waits that were nearly over.
    @Test func drain_keepsTheTimeLimitOfAWait() throws {
        let loop = try LiveLoop()
        let waits = try waits(loop, seconds: 10)
        loop.advance(.milliseconds(9300))
        #expect(waits.allSatisfy { $0.status == nil })
        loop.drain(over: .seconds(1))
        loop.advance(.milliseconds(700))
        #expect(waits.allSatisfy { $0.status == 304 })
    }
}
