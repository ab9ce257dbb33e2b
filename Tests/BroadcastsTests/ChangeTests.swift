import Broadcasts
import TestSupport
import Testing

/// The decision about a change (RFC 9110 section 13.2; openapi.yaml).
@Suite struct ChangeTests {
    /// The entity tag of channel `b/c` with a version.
    private static func tag(_ version: String, isWeak: Bool = false) throws -> EntityTag {
        let channel = try #require(ChannelName("b/c"))
        let content = Board.content(of: channel, version: version)
        return EntityTag(text: content.entityTag, isWeak: isWeak)
    }

    /// A precondition by its name in the tables below. `tag` names version v1.
    enum Condition: String, CaseIterable, Sendable {
        case none, matchAny, matchTag, matchWeakTag, matchOther, matchListWithTag, matchMalformed
        case noneMatchAny, noneMatchTag, noneMatchWeakTag, noneMatchOther, noneMatchMalformed
        case tagAndNoneMatchOther, otherAndNoneMatchOther, tagAndNoneMatchAny

        func precondition() throws -> Precondition {
            let (tag, weak, other) = try (
                tag("v1"), tag("v1", isWeak: true), EntityTag(text: "\"x\"", isWeak: false)
            )
            return switch self {
            case .none: Precondition()
            case .matchAny: Precondition(ifMatch: .any)
            case .matchTag: Precondition(ifMatch: .list([tag]))
            case .matchWeakTag: Precondition(ifMatch: .list([weak]))
            case .matchOther: Precondition(ifMatch: .list([other]))
            case .matchListWithTag: Precondition(ifMatch: .list([other, tag]))
            case .matchMalformed: Precondition(ifMatch: .malformed)
            case .noneMatchAny: Precondition(ifNoneMatch: .any)
            case .noneMatchTag: Precondition(ifNoneMatch: .list([other, tag]))
            case .noneMatchWeakTag: Precondition(ifNoneMatch: .list([weak]))
            case .noneMatchOther: Precondition(ifNoneMatch: .list([other]))
            case .noneMatchMalformed: Precondition(ifNoneMatch: .malformed)
            case .tagAndNoneMatchOther: Precondition(ifMatch: .list([tag]), ifNoneMatch: .list([other]))
            case .otherAndNoneMatchOther: Precondition(ifMatch: .list([other]), ifNoneMatch: .list([other]))
            case .tagAndNoneMatchAny: Precondition(ifMatch: .list([tag]), ifNoneMatch: .any)
            }
        }
    }

    private func put(_ version: String, _ condition: Condition = .none) throws -> Change {
        change("b", "c", version, try condition.precondition())
    }

    /// The outcomes on an absent channel, on v1 with another version sent, on v1 with v1 sent, and of DELETE
    /// on v1.
    @Test(arguments: [
        (Condition.none, "created changed unchanged deleted"),
        (.matchAny, "failed changed unchanged deleted"),
        (.matchTag, "failed changed unchanged deleted"),
        (.matchWeakTag, "failed failed unchanged failed"),
        (.matchOther, "failed failed unchanged failed"),
        (.matchListWithTag, "failed changed unchanged deleted"),
        (.matchMalformed, "failed failed failed failed"),
        (.noneMatchAny, "created failed failed failed"),
        (.noneMatchTag, "created failed failed failed"),
        (.noneMatchWeakTag, "created failed failed failed"),
        (.noneMatchOther, "created changed unchanged deleted"),
        (.noneMatchMalformed, "failed failed failed failed"),
        (.tagAndNoneMatchOther, "failed changed unchanged deleted"),
        (.otherAndNoneMatchOther, "failed failed unchanged failed"),
        (.tagAndNoneMatchAny, "failed failed failed failed"),
    ])
    func precondition_decides(condition: Condition, expected: String) throws {
        let present = try Self.tag("v1").text
        let outcomes = [
            try put("v1", condition).outcome(on: nil), try put("v2", condition).outcome(on: "v1"),
            try put("v1", condition).outcome(on: "v1"),
            deletion("b", "c", try condition.precondition()).outcome(on: "v1"),
        ]
        for (index, (outcome, word)) in zip(outcomes, expected.split(separator: " ")).enumerated() {
            let wanted: ChangeOutcome =
                switch word {
                case "created": .created
                case "changed": .changed
                case "unchanged": .unchanged
                case "deleted": .deleted
                default: .preconditionFailed(entityTag: index == 0 ? nil : present)
                }
            #expect(outcome == wanted, "column \(index + 1)")
        }
    }

    @Test(arguments: Condition.allCases)
    func deletionOfAnAbsentChannel_findsNone_whateverThePrecondition(condition: Condition) throws {
        #expect(deletion("b", "c", try condition.precondition()).outcome(on: nil) == .absent)
    }

    @Test("Versions are compared byte by byte", arguments: ["v", "V", "v ", "v\0", "é", "e\u{301}"])
    func equality(present: String) throws {
        #expect(try put("v").outcome(on: present) == (present == "v" ? .unchanged : .changed))
    }

    @Test(
        "A monotonic channel keeps the larger of two numbers",
        arguments: [
            ("2", "1", true), ("\"2\"", "\"1\"", true), ("2", "\"1\"", true), ("\"2\"", "1", true),
            ("10", "9", true), ("010", "9", true), ("999999999999999999", "0", true), ("1", "2", false),
            ("2", "____NOP____", false), ("____NOP____", "1", false), ("2", "v1", false), ("2", "-1", false),
            ("1000000000000000000", "1", false), ("2", "1000000000000000000", false), ("2", "\"1", false),
            ("2", "\"\"", false), ("\"", "1", false), ("2", "1.5", false), ("2", "１", false),
        ])
    func monotonic(present: String, version: String, isOutdated: Bool) throws {
        guard version.utf8.allSatisfy({ $0 < 0x80 }) else { return }
        var change = try put(version)
        #expect(change.outcome(on: present) == .changed)
        change.isMonotonic = true
        #expect(change.outcome(on: present) == (isOutdated ? .outdated : .changed))
        for condition in [Condition.matchAny, .noneMatchOther] {
            change.precondition = try condition.precondition()
            #expect(change.outcome(on: present) == .changed, "\(condition)")
        }
    }

    @Test func equalNumberInAnotherForm_isStored() throws {
        var change = try put("\"1\"")
        change.isMonotonic = true
        #expect(change.outcome(on: "1") == .changed)
    }

    @Test(arguments: Condition.allCases)
    func changeThatMayNotCreate_isNotCountedAsAChannel(condition: Condition) throws {
        let outcome = try put("v1", condition).outcome(on: nil)
        #expect(try put("v1", condition).mayCreate == (outcome == .created))
        #expect(!deletion("b", "c", try condition.precondition()).mayCreate)
    }
}

extension Change {
    /// The outcome on a channel with a version, or on an absent one.
    fileprivate func outcome(on present: String?) -> ChangeOutcome {
        decision(on: present.map { StoredChannel(version: $0) }, at: 0).outcome
    }
}
