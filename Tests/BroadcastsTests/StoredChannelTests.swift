import Broadcasts
import TestSupport
import Testing

/// The decision of hold-back, against the reference.
@Suite(.timeLimit(.minutes(2))) struct StoredChannelTests {
    private enum Operation: CaseIterable {
        case putA, putB, putNoOperation, urgentA, urgentB, look, tick, wait
    }

    private static let interval = 5
    private static let start = 1_700_000_000_000_000

    /// Every sequence of six operations. Of two rows, one is folded by each look and the other never; both
    /// show what the reference shows.
    @Test func decision_equalsTheReference_inEverySequence() throws {
        var runs = 0
        try explore(6, nil, nil, HoldBackModel(), Self.start, &runs)
        #expect(runs > 200_000)
    }

    private func explore(
        _ depth: Int, _ lazy: StoredChannel?, _ eager: StoredChannel?, _ model: HoldBackModel, _ now: Int,
        _ runs: inout Int
    ) throws {
        if let lazy, let eager {
            try #require(lazy.version == model.accepted && eager.version == model.accepted)
            try #require(lazy.announced(at: now) == model.version(at: now))
            try #require(eager.announced(at: now) == model.version(at: now))
        }
        guard depth > 0 else {
            runs += 1
            return try expectEnd(lazy, model, now)
        }
        for operation in Operation.allCases {
            switch operation {
            case .tick, .wait:
                let later = now + (operation == .tick ? 1 : Self.interval)
                var model = model
                model.settle(at: later)
                try explore(depth - 1, lazy, eager, model, later, &runs)
            case .look:
                guard lazy != nil else { continue }
                try explore(depth - 1, lazy, eager?.folded(at: now), model, now, &runs)
            case .putA, .putB, .putNoOperation, .urgentA, .urgentB:
                let (version, isUrgent) = put(operation)
                var model = model
                model.put(version, at: now, interval: Self.interval, isUrgent: isUrgent)
                let change = self.change(version, isUrgent: isUrgent)
                let (one, other) = (change.decision(on: lazy, at: now), change.decision(on: eager, at: now))
                try #require(one.outcome == other.outcome)
                try expect(one, over: lazy, version, isUrgent: isUrgent, now)
                try explore(depth - 1, one.channel, other.channel, model, now, &runs)
            }
        }
    }

    private func put(_ operation: Operation) -> (version: String, isUrgent: Bool) {
        switch operation {
        case .putA: ("a", false)
        case .putB: ("b", false)
        case .urgentA: ("a", true)
        case .urgentB: ("b", true)
        default: (HoldBackModel.noOperation, false)
        }
    }

    private func change(_ version: String, isUrgent: Bool = false) -> Change {
        var change = TestSupport.change("b", "c", version)
        change.interval = .microseconds(Self.interval)
        change.isUrgent = isUrgent
        return change
    }

    private func expect(
        _ decision: ChangeDecision, over before: StoredChannel?, _ version: String, isUrgent: Bool, _ now: Int
    ) throws {
        let after = try #require(decision.channel)
        if !decision.outcome.isWritten { try #require(after == before) }
        try #require((decision.outcome.announceAt != nil) == after.isHeld(at: now))
        if isUrgent || version == HoldBackModel.noOperation {
            try #require(!after.isHeld(at: now) && after.announced(at: now) == version)
        }
        if decision.outcome == .cancelled {
            try #require(after.announced(at: now) == before?.announced(at: now))
        }
    }

    /// Nobody writes any more. After the interval, the last accepted version is on the board, and all
    /// announcements were an interval apart.
    private func expectEnd(_ channel: StoredChannel?, _ model: HoldBackModel, _ now: Int) throws {
        guard let channel else { return }
        let end = now + Self.interval
        try #require(channel.announced(at: end) == model.accepted)
        var model = model
        model.settle(at: end)
        for (one, next) in zip(model.announcements, model.announcements.dropFirst()) {
            try #require(next.isFree || next.time - one.time >= Self.interval)
        }
    }

    @Test func laterPUT_neverPutsOffWhatIsHeld() {
        let held = StoredChannel(version: "b", shown: "a", shownAt: 0, announceAt: 100)
        var change = change("c")
        for (interval, due) in [(1_000, 100), (100, 100), (60, 60), (10, nil)] as [(Int, Int?)] {
            change.interval = .microseconds(interval)
            let decision = change.decision(on: held, at: 50)
            #expect(decision.outcome == (due.map { .held(until: $0) } ?? .changed), "\(interval)")
        }
        // Without a rule, what is held is replaced.
        change.interval = nil
        #expect(change.decision(on: held, at: 50).outcome == .changed)
        #expect(change.decision(on: held, at: 50).channel == StoredChannel(version: "c", announceAt: 50))
    }

    @Test func clockThatStepsBack_takesNoAnnouncementBack() {
        let now = Self.start
        // Announced "in the future": at most the tolerance lengthens the interval.
        let ahead = StoredChannel(version: "a", announceAt: now + 3_600_000_000)
        let decision = change("b").decision(on: ahead, at: now)
        #expect(decision.outcome == .held(until: now + StoredChannel.clockTolerance + Self.interval))
        // Held for longer than any rule allows: a wrong clock. It is announced.
        let far = StoredChannel(
            version: "b", shown: "a", shownAt: 0, announceAt: now + StoredChannel.longestHold + 1)
        #expect(far.announced(at: now) == "b" && far.isDue(at: now))
        #expect(far.folded(at: now) == StoredChannel(version: "b", announceAt: now))
        let longest = StoredChannel(
            version: "b", shown: "a", shownAt: 0, announceAt: now + StoredChannel.longestHold)
        #expect(longest.announced(at: now) == "a")
    }

    @Test func rowsOfOtherPrograms_areUnderstood() {
        // A node of the original changed the version of a held row: it is announced when that was due.
        let written = StoredChannel(version: "c", shown: "a", shownAt: 1, announceAt: 100)
        #expect(written.announced(at: 99) == "a" && written.announced(at: 100) == "c")
        // It created a row, or wrote one without times.
        #expect(change("b").decision(on: StoredChannel(version: "a"), at: 50).outcome == .changed)
        let odd = StoredChannel(version: "b", shown: "a")
        #expect(odd.announced(at: 50) == "b" && odd.isDue(at: 50))
        #expect(odd.folded(at: 50) == StoredChannel(version: "b"))
    }

    @Test func guards_compareWithTheAcceptedVersion() throws {
        let channel = try #require(ChannelName("b/c"))
        func tag(_ version: String) -> Precondition {
            let tag = Board.content(of: channel, version: version).entityTag
            return Precondition(ifMatch: .list([EntityTag(text: tag, isWeak: false)]))
        }
        let held = StoredChannel(version: "2", shown: "1", shownAt: 0, announceAt: 1_000)
        var change = change("3")
        change.interval = .seconds(1)
        change.precondition = tag("1")
        #expect(
            change.decision(on: held, at: 10).outcome
                == .preconditionFailed(entityTag: Board.content(of: channel, version: "2").entityTag))
        change.precondition = tag("2")
        #expect(change.decision(on: held, at: 10).outcome == .held(until: 1_000))
        // An urgent PUT announces the held version, also where its tag does not match but the version does.
        change = self.change("2", isUrgent: true)
        change.precondition = tag("1")
        #expect(change.decision(on: held, at: 10).outcome == .announced)
        // What monotonic_channels refuses changes nothing, urgent or not.
        change = self.change("1", isUrgent: true)
        change.isMonotonic = true
        #expect(change.decision(on: held, at: 10).outcome == .outdated)
        #expect(deletion("b", "c").decision(on: held, at: 10).outcome == .deleted)
    }

    @Test func rule_isThatOfTheExactName() throws {
        let channel = try #require(HoldBack.Scope("a/b"))
        let all = try #require(HoldBack.Scope("a/*"))
        let rules = HoldBack([channel: .seconds(1), all: .seconds(2)])
        for (name, interval) in [("a/b", 1), ("a/c", 2), ("b/b", nil)] as [(String, Int?)] {
            let name = try #require(ChannelName(name))
            #expect(rules.interval(of: name) == interval.map { .seconds($0) })
        }
        for text in ["a", "*", "a/", "/b", "*/b", "a/b/c", "a/**", ""] {
            #expect(HoldBack.Scope(text) == nil, "\(text)")
        }
    }
}
