import Testing

@testable import Settings

struct ValueTests {
    @Test(arguments: [
        ("port", "65536"), ("port", "-1"), ("port", "\"8000\""), ("port", "8000.0"), ("port", "true"),
        ("port", "[8000]"), ("port", "2026-04-01"), ("workers", "1025"), ("workers", "1e3"),
        ("database_pool_max_size", "0"), ("max_body_bytes", "199"), ("json_logging", "\"true\""),
        ("json_logging", "1"), ("log_level", "\"loud\""), ("log_level", "\"INFO\""),
        ("address", "\"local host\""),
        ("address", "\"\""), ("address", "8"), ("environment", "\"\""), ("environment", #""a\"b""#),
        ("environment", #""a\nb""#), ("database_url", "\"postgres://h/d\""), ("database_url", "\"sqlite:\""),
        ("database_url", "\"mysql://h\""), ("statsd_host", "\"a b\""), ("statsd_label", "\"a:b\""),
        ("statsd_label", "\"\(String(repeating: "x", count: 65))\""), ("version_file", "\"\""),
        ("keep_alive", "75"), ("keep_alive", "\"75\""), ("keep_alive", "\"0s\""), ("keep_alive", "\"2h\""),
        ("max_staleness", "\"-1s\""), ("max_staleness", "0"), ("reader_auth", "\"quux\""),
        ("reader_auth", "[\"quux\"]"), ("reader_auth", "[[1]]"),
    ])
    func invalidValue_isReported_withKeyAndExpectation(key: String, value: String) throws {
        let found = problems("\(key) = \(value)")
        try #require(found.count == 1)
        #expect(found[0].hasPrefix("test.toml:1: \(key) "))
        let setting = try #require(SettingsTable.setting(key))
        if key != "database_url" {
            #expect(found[0] == "test.toml:1: \(key) expects \(setting.expectation)")
        }
    }

    @Test func origins_areAListOrAll() throws {
        for (value, origins) in [
            (
                #"["https://a.example", "http://localhost:8080"]"#,
                ["https://a.example", "http://localhost:8080"]
            ),
            (#""https://a.example""#, ["https://a.example"]), (#""*""#, ["*"]), (#"["*"]"#, ["*"]),
            ("[]", []),
        ] {
            #expect(try load("cors_origins = \(value)").settings.reloadable.origins == origins)
        }
        #expect(
            try load(environment: ["MEGAPHONE_CORS_ORIGINS": "[https://a.example,https://b.example]"])
                .settings.reloadable.origins == ["https://a.example", "https://b.example"])
        for value in [
            #""https://a.example/""#, #""a.example""#, #""https://A.example""#,
            #"["*", "https://a.example"]"#,
            #""ftp://a.example""#, #""https://""#, "1", "[1]",
        ] {
            #expect(problems("cors_origins = \(value)").count == 1, "\(value)")
        }
    }

    @Test func integer_mayHaveEveryFormOfTOML() throws {
        for number in ["1_000", "0x3E8", "0o1750", "0b1111101000", "+1000", "1000 # a thousand"] {
            #expect(try load("max_headers = \(number)").settings.maximumHeaders == 1000)
            #expect(try load(environment: ["MEGAPHONE_MAX_HEADERS": number]).settings.maximumHeaders == 1000)
        }
    }

    @Test func number_isCheckedAgainstItsBounds() throws {
        #expect(try load("port = 0").settings.port == 0)
        #expect(try load("port = 65535").settings.port == 65_535)
        #expect(problems("port = 9223372036854775807").count == 1)
        #expect(problems("port = 9223372036854775808").count == 1)
        #expect(problems(environment: ["MEGAPHONE_PORT": "99999999999999999999"]).count == 1)
    }

    @Test func everyProblem_isReported() {
        let file = """
            port = "x"
            prot = 80
            workers = -1
            reader_auth = { a = [1] }
            """
        let found = problems(file, environment: ["ROCKET_ADDRESS": "nowhere:80"])
        #expect(
            found == [
                "test.toml:1: port expects a whole number from 0 to 65535",
                #"test.toml:2: unknown setting "prot"; did you mean "port"?"#,
                "test.toml:3: workers expects a whole number from 0 to 1024",
                #"test.toml:4: reader_auth expects a quoted token or a list of quoted tokens for "a""#,
                "ROCKET_ADDRESS: address expects an IPv4 or IPv6 address or a host name, without a port",
            ])
    }

    @Test(arguments: [
        ("0.0.0.0", true), ("255.255.255.255", true), ("256.0.0.1", false), ("1.2.3", false),
        ("1.2.3.4.5", false),
        ("01.2.3.4", false), ("1.2.3.", false), ("::", true), ("::1", true), ("1::", true),
        ("2001:db8::ff00:42:8329", true), ("1:2:3:4:5:6:7:8", true), ("1:2:3:4:5:6:7", false),
        ("1:2:3:4:5:6:7:8:9", false), ("1::2::3", false), (":::", false), (":1", false), ("1:", false),
        ("::ffff:192.0.2.1", true), ("192.0.2.1::", false), ("::192.0.2.256", false), ("12345::", false),
        ("::g", false), ("[::1]", true), ("[127.0.0.1]", false), ("[::1", false), ("localhost", true),
        ("a.example.", true),
        ("localhost:80", false), ("0x7f.1", false), ("0X7F000001", false), ("1.0x2", false), ("a b", false),
        ("fe80::1%eth0", false), ("1:2:3:4:5:6:7::", true),
        ("1:2:3:4:5:6:7:8::", false), ("::1.2.3.4:5", false), ("1:2:3:4:5:6:1.2.3.4", true),
        ("٣.0.0.1", false),
    ])
    func address_isAnAddressOrAName(text: String, isAddress: Bool) {
        #expect(problems("address = \"\(text)\"").isEmpty == isAddress)
    }

    @Test(arguments: [
        ("0s", 0), ("0ms", 0), ("1ms", 1), ("250ms", 250), ("1s", 1000), ("1.5s", 1500), ("0.001s", 1),
        ("1m", 60_000),
        ("0.25m", 15_000), ("24h", 86_400_000), ("0.5h", 1_800_000), ("007s", 7000),
    ])
    func duration_isANumberWithAUnit(text: String, milliseconds: Int) throws {
        #expect(
            try load("max_staleness = \"\(text)\"").settings.reloadable.maximumStaleness
                == .milliseconds(milliseconds))
        #expect(
            try load(environment: ["MEGAPHONE_MAX_STALENESS": text]).settings.reloadable.maximumStaleness
                == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "s", "ms", "1", "1 s", " 1s", "1S", "1d", "-1s", "+1s", "1.s", ".5s", "1.2345s", "0.5ms", "1e3s",
        "1,5s",
        "٣s", "1s1s", "1_0s", "9999999999s", "999999999h", "1.5.5s", "infs",
    ])
    func otherText_isNotADuration(text: String) {
        #expect(problems("stale_if_error = \"\(text)\"").count == 1)
    }

    @Test func rocketKeepAlive_acceptsSecondsWithoutAUnit() throws {
        #expect(try load(environment: ["ROCKET_KEEP_ALIVE": "5"]).settings.keepAlive == .seconds(5))
        #expect(try load(environment: ["ROCKET_KEEP_ALIVE": "5m"]).settings.keepAlive == .seconds(300))
        #expect(problems(environment: ["MEGAPHONE_KEEP_ALIVE": "5"]).count == 1)
    }
}
