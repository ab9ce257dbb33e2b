import Access
import Testing

@Suite struct AccessTableTests {
    private let table = AccessTable(
        broadcasters: ["test": [TokenDigest(token: "foobar"), TokenDigest(token: "next")], "other": []],
        readers: ["autopush": [TokenDigest(token: "quux")]],
        anonymousReads: false)

    @Test(
        arguments: [
            ("foobar", .broadcaster("test")), ("next", .broadcaster("test")), ("quux", .reader("autopush")),
            ("foobar ", nil), ("FOOBAR", nil), ("", nil), ("test", nil),
        ] as [(String, Identity?)])
    func identity_isThatOfTheTokensOwner(_ token: String, _ identity: Identity?) {
        #expect(table.identity(of: TokenDigest(token: token)) == identity)
    }

    @Test func table_isEmpty_withoutTokens() {
        #expect(!table.isEmpty)
        #expect(AccessTable(broadcasters: ["test": []], readers: [:], anonymousReads: true).isEmpty)
    }

    @Test func identity_hasNoID_whenAnonymous() {
        #expect(Identity.anonymous.id == nil)
        #expect(Identity.reader("autopush").id == "autopush")
        #expect(Identity.broadcaster("test").id == "test")
    }
}
