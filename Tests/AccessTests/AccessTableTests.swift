import Access
import Testing
import Time

@Suite struct AccessTableTests {
    private let table = AccessTable(
        broadcasters: [
            "test": [Token(TokenDigest(token: "foobar")), Token(TokenDigest(token: "next"))], "other": [],
        ],
        readers: ["autopush": [Token(TokenDigest(token: "quux"))]], scopes: [:], anonymousReads: false)

    @Test(
        arguments: [
            ("foobar", .broadcaster("test")), ("next", .broadcaster("test")), ("quux", .reader("autopush")),
            ("foobar ", nil), ("FOOBAR", nil), ("", nil), ("test", nil),
        ] as [(String, Identity?)])
    func identity_isThatOfTheTokensOwner(_ token: String, _ identity: Identity?) {
        #expect(table.identity(of: TokenDigest(token: token), at: UnixTime(nanoseconds: 0)) == identity)
    }

    @Test func table_isEmpty_withoutTokens() {
        #expect(!table.isEmpty)
        #expect(
            AccessTable(broadcasters: ["test": []], readers: [:], scopes: [:], anonymousReads: true).isEmpty)
    }

    @Test func identity_hasNoID_whenAnonymous() {
        #expect(Identity.anonymous.id == nil)
        #expect(Identity.reader("autopush").id == "autopush")
        #expect(Identity.broadcaster("test").id == "test")
    }

    private func seconds(_ count: Int) -> UnixTime { UnixTime(nanoseconds: count * 1_000_000_000) }

    @Test func token_isUnknown_fromItsEndOn() {
        let (ending, other) = (TokenDigest(token: "ending"), TokenDigest(token: "other"))
        let table = AccessTable(
            broadcasters: ["test": [Token(ending, expiry: seconds(10)), Token(other)]], readers: [:],
            scopes: [:], anonymousReads: false)
        #expect(table.identity(of: ending, at: seconds(9)) == .broadcaster("test"))
        #expect(table.identity(of: ending, at: seconds(10)) == nil)
        #expect(table.identity(of: other, at: seconds(10)) == .broadcaster("test"))
        // The clock was set back.
        #expect(table.identity(of: ending, at: seconds(9)) == .broadcaster("test"))
    }

    @Test func nextExpiry_isTheEarliestToCome_orTheLastOne() {
        func token(_ text: String, _ end: Int?) -> Token {
            Token(TokenDigest(token: text), expiry: end.map(seconds))
        }
        let table = AccessTable(
            broadcasters: ["a": [token("1", 10), token("2", 30), token("3", 20)], "b": [token("4", nil)]],
            readers: ["c": [token("5", 5)]], scopes: [:], anonymousReads: false)
        func expiries(_ now: Int) -> [String] {
            table.nextExpiries(at: seconds(now)).map { "\($0.id) \($0.time.seconds)" }
        }
        #expect(expiries(0) == ["a 10", "c 5"])
        #expect(expiries(10) == ["a 20", "c 5"])
        #expect(expiries(25) == ["a 30", "c 5"])
        #expect(expiries(99) == ["a 30", "c 5"])
    }

    @Test func reader_hasItsScope() {
        let (scoped, other) = (TokenDigest(token: "scoped"), TokenDigest(token: "other"))
        let table = AccessTable(
            broadcasters: [:], readers: ["dashboard": [Token(scoped)], "all": [Token(other)]],
            scopes: ["dashboard": ["test"]], anonymousReads: false)
        let identity = table.identity(of: scoped, at: seconds(0))
        #expect(identity == .scopedReader("dashboard", broadcasters: ["test"]))
        #expect(identity?.id == "dashboard")
        #expect(table.identity(of: other, at: seconds(0)) == .reader("all"))
    }
}
