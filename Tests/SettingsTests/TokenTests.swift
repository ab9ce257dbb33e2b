import Access
import Broadcasts
import Settings
import Testing
import Time

struct TokenTests {
    @Test func table_acceptsOneTokenOrAList_plainOrHashed() throws {
        let digest = TokenDigest(token: "three").configured
        let settings = try load(
            """
            broadcaster_auth = { a = "one", b = ["two", "\(digest)"] }
            [reader_auth]
            c = "four five"
            d-e = []
            """
        ).settings
        #expect(settings.identity(of: "one") == .broadcaster("a"))
        #expect(settings.identity(of: "two") == .broadcaster("b"))
        #expect(settings.identity(of: "three") == .broadcaster("b"))
        #expect(settings.identity(of: "four five") == .reader("c"))
        #expect(settings.identity(of: digest) == nil)
        #expect(settings.identity(of: "") == nil)
    }

    @Test(arguments: [
        ("{test=[\"foobar\"]}", "foobar"), ("{test=[foobar]}", "foobar"), ("{test=foobar}", "foobar"),
        ("{ test = [ foobar ] }", "foobar"), ("{test=[x,foobar]}", "foobar"), ("{test=[12345]}", "12345"),
        ("{test=007}", "007"), ("{test=[true]}", "true"), ("{test=[1.50]}", "1.50"), ("{test=0x1F}", "0x1F"),
        ("{test=2026-04-01}", "2026-04-01"), ("{test=dG9r==}", "dG9r=="), ("{test='a,b'}", "a,b"),
        ("{test=[a b]}", "a b"), ("test=[foobar]", nil),
    ])
    func environment_keepsTheTokenAsTyped(value: String, token: String?) throws {
        let environment = ["ROCKET_BROADCASTER_AUTH": value]
        guard let token else {
            #expect(problems(environment: environment).count == 1)
            return
        }
        #expect(try load(environment: environment).settings.identity(of: token) == .broadcaster("test"))
    }

    @Test func digest_isAccepted_inTheEnvironment() throws {
        let digest = TokenDigest(token: "secret").configured
        let settings = try load(environment: ["MEGAPHONE_READER_AUTH": "{a=[\(digest)]}"]).settings
        #expect(settings.identity(of: "secret") == .reader("a"))
    }

    @Test func tokenThatEnds_isATable_alsoInAList() throws {
        let file = """
            reader_auth = { a = ["old", { token = "new", expires = 2027-01-31T00:00:00Z }] }
            broadcaster_auth = { b = { token = "\(TokenDigest(token: "x").configured)", expires = 2027-01-31 01:00:00+01:00 } }
            """
        let loaded = try load(file)
        let access = loaded.settings.reloadable.access
        #expect(access.expiries.map { "\($0.id) \($0.time.seconds)" } == ["a 1801353600", "b 1801353600"])
        #expect(
            access.identity(of: TokenDigest(token: "x"), at: UnixTime(nanoseconds: 0)) == .broadcaster("b"))
        #expect(loaded.summary.contains(#""a" = ["***", { token = "***", expires = 2027-01-31T00:00:00Z }]"#))
        #expect(!loaded.summary.contains("new"))
        let value = #"{a={token="x",expires=2300-01-01T00:00:00Z}}"#
        let far = try load(environment: ["MEGAPHONE_READER_AUTH": value]).settings.reloadable.access
        #expect(far.expiries.first?.time.nanoseconds == .max)
    }

    @Test(arguments: [
        #"{ token = "secret" }"#, "{ expires = 2027-01-31T00:00:00Z }",
        #"{ token = "secret", expires = 2027-01-31 }"#,
        #"{ token = "secret", expires = "2027-01-31T00:00:00Z" }"#,
        #"{ token = "secret", expires = 2027-01-31T00:00:00Z, more = 1 }"#,
        #"{ token = "", expires = 2027-01-31T00:00:00Z }"#, #"{ token = 1, expires = 2027-01-31T00:00:00Z }"#,
        #"{ token = "secret", expires = 2027-02-30T00:00:00Z }"#,
    ])
    func malformedTable_isRejected_withoutTheToken(table: String) throws {
        let problems = problems("reader_auth = { a = [\(table)] }")
        #expect(problems.count == 1 && problems[0].contains("reader_auth"), "\(problems)")
        #expect(!problems[0].contains("secret"))
    }

    @Test func scopes_needTheirReaders() throws {
        let file = """
            reader_auth = { a = "one", b = "two" }
            reader_scopes = { a = ["test", "other"], b = [] }
            """
        let settings = try load(file).settings
        #expect(settings.identity(of: "one") == .scopedReader("a", broadcasters: ["test", "other"]))
        #expect(settings.identity(of: "two") == .scopedReader("b", broadcasters: []))
        for (scopes, text) in [
            (#"{ c = ["test"] }"#, #"reader_scopes expects IDs that are in reader_auth, but contains "c""#),
            (#"{ a = ["t/t"] }"#, "expects a list of broadcaster IDs"),
            (#"{ a = [1] }"#, "expects a list of broadcaster IDs"),
            (#"["a"]"#, "reader_scopes"),
        ] {
            let problems = problems("reader_auth = { a = \"one\" }\nreader_scopes = \(scopes)")
            #expect(problems.count == 1 && problems[0].contains(text), "\(problems)")
        }
    }

    @Test func holdBack_isATableOfDurations() throws {
        let rules = #"{ "a/b" = "5m", "a/*" = "1s", "c-d/*" = "24h" }"#
        let loaded = try load("hold_back = \(rules)")
        #expect(loaded.settings.reloadable.holdBack.rules.count == 3)
        #expect(loaded.summary.contains(#"{ "a/*" = "1s", "a/b" = "5m", "c-d/*" = "24h" }"#))
        for table in [
            #"{ a = "5m" }"#, #"{ "*/*" = "5m" }"#, #"{ "a/b" = "999ms" }"#, #"{ "a/b" = "25h" }"#,
            #"{ "a/b" = 5 }"#,
            #"{ "a/b/c" = "5m" }"#, #"["a/b"]"#,
        ] {
            #expect(problems("hold_back = \(table)").count == 1, "\(table)")
        }
    }

    @Test func monotonicChannels_areAList() throws {
        let loaded = try load(#"monotonic_channels = ["b/c", "a/b"]"#)
        #expect(loaded.settings.reloadable.monotonicChannels.count == 2)
        #expect(loaded.summary.contains(#"["a/b", "b/c"]"#))
        for list in [#"["a"]"#, #"["a/*"]"#, "[1]", "5"] {
            #expect(problems("monotonic_channels = \(list)").count == 1, "\(list)")
        }
    }

    @Test func duplicateToken_isRejected_namingBothIDs() {
        let digest = TokenDigest(token: "secret").configured
        for (broadcasters, readers, names) in [
            (
                #"{ a = "secret", b = "secret" }"#, "{}",
                [#"broadcaster_auth "a""#, #"broadcaster_auth "b""#]
            ),
            (
                #"{ a = "secret" }"#, #"{ b = "\#(digest)" }"#,
                [#"broadcaster_auth "a""#, #"reader_auth "b""#]
            ),
            (
                "{}", #"{ a = ["secret", "secret"] }"#,
                [#"reader_auth "a" shares a token with reader_auth "a""#]
            ),
        ] {
            let found = problems("broadcaster_auth = \(broadcasters)\nreader_auth = \(readers)")
            #expect(found.count == 1)
            for name in names { #expect(found.first?.contains(name) == true) }
        }
    }

    @Test func idInBothTables_isRejected() {
        let found = problems(#"broadcaster_auth = { a = "x" }"#, environment: ["ROCKET_READER_AUTH": "{a=y}"])
        #expect(found == [#"reader_auth expects IDs that are not in broadcaster_auth, but contains "a""#])
    }

    @Test func duplicateID_isRejected() {
        #expect(
            problems("[reader_auth]\na = \"x\"\na = \"y\"")
                == [#"test.toml:3:1: duplicate key "a""#])
        #expect(problems(environment: ["ROCKET_READER_AUTH": "{a=x,a=y}"]).count == 1)
    }

    @Test func settingBelowASection_isRejected() {
        let found = problems(#"[reader_auth]\#na = "x"\#nenvironment = "production""#)
        #expect(
            found == [
                #"test.toml:1: reader_auth contains the setting "environment"; settings must come before the first "#
                    + "[section]"
            ])
    }

    @Test(arguments: [
        #""""#, #"" a""#, #""a ""#, #""a\tb""#, #""a\nb""#, #""ä""#, #""\u007f""#, #""sha256:""#,
        #""sha256:abc""#,
        #""sha256:\#(String(repeating: "g", count: 64))""#, "1", "true", "[1]", #"[["a"]]"#, "{}",
        #"["a", ""]"#,
    ])
    func invalidToken_isRejected(token: String) {
        let found = problems("reader_auth = { a = \(token) }")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("test.toml:1: reader_auth expects ") == true)
    }

    @Test func everyInvalidIDAndToken_isReported() {
        let file = """
            broadcaster_auth = { "a/b" = "x", c = ["", "fine", 1], d = "sha256:1", e = "fine too" }
            reader_auth = { "f g" = "y", h = "" }
            """
        #expect(
            problems(file) == [
                "test.toml:1: broadcaster_auth expects IDs of 1 to 64 letters, digits, dashes or underscores",
                #"test.toml:1: broadcaster_auth expects printable ASCII without leading or trailing spaces in a token of "c""#,
                #"test.toml:1: broadcaster_auth expects a quoted token or a list of quoted tokens for "c""#,
                #"test.toml:1: broadcaster_auth expects 64 hexadecimal digits after sha256: in a token of "d""#,
                "test.toml:2: reader_auth expects IDs of 1 to 64 letters, digits, dashes or underscores",
                #"test.toml:2: reader_auth expects printable ASCII without leading or trailing spaces in a token of "h""#,
            ])
    }

    @Test(arguments: ["a/b", "", "ä", String(repeating: "x", count: 65)])
    func invalidID_isRejected(id: String) {
        for key in ["broadcaster_auth", "reader_auth"] {
            #expect(
                problems("[\(key)]\n\"\(id)\" = \"x\"") == [
                    "test.toml:1: \(key) expects IDs of 1 to 64 letters, digits, dashes or underscores"
                ])
        }
    }
}
