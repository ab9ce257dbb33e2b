import TestSupport
import Testing

@Suite struct EventuallyTests {
    @Test func eventually_returns_onceTheConditionHolds() async throws {
        var tries = 0
        try eventually {
            tries += 1
            return tries == 5
        }
        #expect(tries == 5)
        func succeeds() async -> Bool {
            tries += 1
            return tries == 10
        }
        try await eventually { await succeeds() }
        #expect(tries == 10)
    }

    @Test func eventually_checksTheCondition_beforeTheLimit() throws {
        try eventually(within: .zero) { true }
    }

    @Test func eventually_throws_whatItsConditionThrows() {
        struct Broken: Error {}
        #expect(throws: Broken.self) { try eventually { throw Broken() } }
    }

    /// `matching` gets the recorded issue only: Swift Testing does not record the error thrown by `#require`
    /// again.
    @Test func canary_aConditionThatNeverHolds_failsTheTest() async throws {
        try withKnownIssue {
            try eventually(within: .milliseconds(30)) { false }
        } matching: {
            $0.saysThatTimeHasPassed
        }
        func fails() async -> Bool { false }
        try await withKnownIssue {
            try await eventually(within: .milliseconds(30)) { await fails() }
        } matching: {
            $0.saysThatTimeHasPassed
        }
    }
}

extension Issue {
    fileprivate var saysThatTimeHasPassed: Bool {
        comments.contains { $0.rawValue == "the condition did not hold within 0.03 seconds" }
    }
}
