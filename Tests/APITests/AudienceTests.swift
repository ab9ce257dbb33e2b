import Broadcasts
import HTTP
import TestSupport
import Testing
import Time

@testable import API

/// The requests that a loop holds, under random operations and against a simple model.
@Suite struct AudienceTests {
    /// Streams and waits join and leave, clients block and drain, and the store changes, also while a pass
    /// over the members is under way: a batch has three deliveries.
    ///
    /// Then every member has the newest state of its view, no stream got the same state twice in a row or
    /// one that was never there, and nothing was delivered to a member that had left.
    @Test(arguments: [TestSeed(2_554_280_363_124_471_949)] + TestSeed.drawn(8))
    func everyMember_endsWithTheNewestState(seed: TestSeed) throws {
        var generator = seed.generator
        let model = try AudienceModel(seed)
        for _ in 0..<15 {
            for _ in 0..<40 { try model.step(using: &generator) }
            // Nothing changes any more, but a pass may still be under way.
            try model.settle()
            for member in model.members { try model.expectNewest(member) }
            model.expectCountedStates()
        }
        #expect(model.members.contains { $0.states.count > 3 })
        #expect(model.members.contains { $0.dropped > 0 })
        #expect(model.members.contains { !$0.isStream && $0.isClosed })
    }

    /// A member that joins while a pass is under way does not take the place of one that is still to be
    /// visited.
    @Test func memberThatJoinsDuringAPass_displacesNoOther() throws {
        let model = try AudienceModel(TestSeed(1))
        for _ in 0..<8 { model.follow(.board) }
        try model.settle()
        // The first pass ends in the middle of the list.
        model.set(["test/a": "v1"])
        model.pass(.milliseconds(250))
        try model.settle()
        for _ in 0..<4 { model.follow(.board) }
        try model.settle()
        model.set(["test/a": "v2"])
        model.pass(.milliseconds(250))
        for _ in 0..<8 {
            try model.turn()
            model.follow(.board)
        }
        try model.settle()
        for member in model.members { try model.expectNewest(member) }
    }

    /// A stream beyond `max_listeners` ends, also if its client is slow to accept the first event.
    @Test(arguments: [false, true])
    func excessStream_getsItsEnd_afterItsOutput(isDraining: Bool) throws {
        let model = try AudienceModel(TestSeed(1), maximumListeners: isDraining ? 10 : 0)
        if isDraining { model.drain() }
        let member = model.follow(.board, isBlocked: true)
        try model.turn()
        #expect(member.dropped == 1)
        #expect(!member.hasEnd)
        member.isBlocked = false
        member.drainOutput()
        try model.turn()
        #expect(member.hasEnd)
    }
}
