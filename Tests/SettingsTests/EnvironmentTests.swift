import Access
import Broadcasts
import Testing

@testable import Settings

struct EnvironmentTests {
    @Test("Rough edge: unknown MEGAPHONE_* variables warn instead of stopping the start")
    func unknownOwnVariable_isAWarning() throws {
        for (name, warning) in [
            (
                "MEGAPHONE_READER_AUHT",
                "MEGAPHONE_READER_AUHT: unknown setting, ignored; did you mean MEGAPHONE_READER_AUTH?"
            ), ("MEGAPHONE_", "MEGAPHONE_: unknown setting, ignored"),
            (
                "MEGAPHONE_IMAGE_TAG_OF_THE_ORCHESTRATOR",
                "MEGAPHONE_IMAGE_TAG_OF_THE_ORCHESTRATOR: unknown setting, ignored"
            ),
            ("MEGAPHONE_Port", "MEGAPHONE_Port: unknown setting, ignored; did you mean MEGAPHONE_PORT?"),
        ] {
            let loaded = try load(environment: [name: "x"])
            #expect(loaded.warnings == [warning])
            #expect(loaded.notes.isEmpty && loaded.origins.isEmpty)
        }
        #expect(try load(environment: ["MEGAPHONE_CONFIG": "/m.toml"]).warnings.isEmpty)
        // A key of the file may be a typo of one line above, so it still stops the start.
        #expect(problems("reader_auht = {}").count == 1)
    }

    @Test func unprintableName_isQuoted() throws {
        #expect(
            try load(environment: ["MEGAPHONE_\u{1B}[2J": "x"]).warnings == [
                #""MEGAPHONE_\U0000001b[2J": unknown setting, ignored"#
            ])
        #expect(
            try load(environment: ["ROCKET_A\nB": "x", "MEGAPHONE_\rX_SERVICE_HOST": "h"]).notes == [
                #""ROCKET_A\U0000000aB": unknown setting, ignored"#,
                #""MEGAPHONE_\U0000000dX_SERVICE_HOST": set by the container platform, ignored"#,
            ])
        #expect(
            problems(commandLine: ["a\u{7F}": "x"]) == [#""--a\U0000007f": unknown setting "a\U0000007f""#])
    }

    @Test func unknownRocketVariable_isNoted() throws {
        let loaded = try load(environment: [
            "ROCKET_ENV": "prod", "ROCKET_TLS": "{certs=\"a\",key=\"b\"}", "ROCKET_TEMPLATES": "x",
            "ROCKET_READER_AUT": "{}", "ROCKETS": "x", "rocket_port": "x", "PATH": "/bin",
        ])
        #expect(
            loaded.notes == [
                "ROCKET_ENV: not supported, ignored",
                "ROCKET_READER_AUT: unknown setting, ignored; did you mean ROCKET_READER_AUTH?",
                "ROCKET_TEMPLATES: unknown setting, ignored",
                "ROCKET_TLS: not supported, ignored",
            ])
        #expect(loaded.origins.isEmpty)
    }

    @Test func emptyVariable_isIgnored() throws {
        let loaded = try load(environment: [
            "ROCKET_READER_AUTH": "", "MEGAPHONE_PORT": " ", "PORT": "", "MEGAPHONE_TYPO": "",
        ])
        #expect(loaded.origins.isEmpty)
    }

    @Test func variablesOfAKubernetesService_areIgnored() throws {
        let loaded = try load(environment: [
            "MEGAPHONE_PORT": "tcp://10.0.0.1:8000", "MEGAPHONE_SERVICE_HOST": "10.0.0.1",
            "MEGAPHONE_SERVICE_PORT": "8000", "MEGAPHONE_SERVICE_PORT_HTTP": "8000",
            "MEGAPHONE_PORT_8000_TCP": "tcp://10.0.0.1:8000", "MEGAPHONE_PORT_8000_TCP_PROTO": "tcp",
            "MEGAPHONE_PORT_8000_TCP_PORT": "8000", "MEGAPHONE_PORT_8000_TCP_ADDR": "10.0.0.1",
            "MEGAPHONE_DB_PORT": "tcp://10.0.0.2:3306", "ROCKET_PORT": "80",
        ])
        #expect(loaded.settings.port == 80)
        #expect(loaded.notes.count == 1)
    }

    @Test func variablesOfTheTests_areReported() throws {
        #expect(try load(environment: ["MEGAPHONE_TEST_MYSQL_URL": "mysql://h/d"]).warnings.count == 1)
    }

    @Test func shadowedVariable_isNotParsed() throws {
        let environment = ["MEGAPHONE_PORT": "1", "ROCKET_PORT": "x", "PORT": "y"]
        #expect(try load(environment: environment).settings.port == 1)
        #expect(try load(environment: ["MEGAPHONE_PORT": "x"], commandLine: ["port": "2"]).settings.port == 2)
    }

    @Test func errorInTheFile_isReported_whenTheEnvironmentOverridesIt() {
        #expect(problems("port = \"x\"", environment: ["PORT": "1"]).count == 1)
    }

    @Test func valueChangedByTheShell_getsAHint() {
        // Without quotes, bash expands {a=["x"],b=["y"]} to several assignments, and the last one wins.
        let found = problems(environment: ["ROCKET_READER_AUTH": "b=[y]"])
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix("; in a shell, put the value in single quotes") == true)
    }

    @Test(arguments: [
        ("MEGAPHONE_VERSION_FILE", "/a=b/version.json"), ("ROCKET_VERSION_FILE", "/a=b/version.json"),
        ("MEGAPHONE_VERSION_FILE", "\"/a=b/version.json\""),
        ("MEGAPHONE_VERSION_FILE", "'/a=b/version.json'"),
        ("MEGAPHONE_VERSION_FILE", "/a=b/version.json\r"),
    ])
    func path_mayContainAnEqualsSign(name: String, value: String) throws {
        #expect(try load(environment: [name: value]).settings.versionFile == "/a=b/version.json")
    }

    @Test(arguments: [
        "1\nport = 2", "1\n[reader_auth]\na = \"x\"", "\"a\"\nb = 1", "1 # x\nworkers = 2",
    ])
    func value_cannotSetAnotherKey(value: String) {
        #expect(problems(environment: ["MEGAPHONE_MAX_HEADERS": value]).count == 1)
    }

    @Test func text_isTakenLiterally_whenItIsAnotherTOMLType() throws {
        for value in ["true", "2026-04-01", "1.50", "12:30:00", "x = y", "a # b"] {
            #expect(try load(environment: ["ROCKET_ENVIRONMENT": value]).settings.environment == value)
        }
    }

    @Test func quotesAroundAValue_areRemoved() throws {
        let settings = try load(environment: [
            "ROCKET_READER_AUTH": #"'{autopush=["quux"]}'"#, "ROCKET_PORT": "\"80\"",
            "ROCKET_KEEP_ALIVE": "'20s'",
            "ROCKET_BROADCASTER_AUTH": #""{test=[foobar]}""#,
        ]).settings
        #expect(settings.identity(of: "quux") == .reader("autopush"))
        #expect(settings.identity(of: "foobar") == .broadcaster("test"))
        #expect(settings.port == 80)
        #expect(settings.keepAlive == .seconds(20))
    }

    @Test func commandLine_isParsedLikeTheEnvironment() throws {
        let loaded = try load(commandLine: [
            "reader_auth": "{a=[b]}", "max_staleness": "1s", "json_logging": "false",
        ])
        #expect(loaded.settings.identity(of: "b") == .reader("a"))
        #expect(loaded.settings.reloadable.maximumStaleness == .seconds(1))
        #expect(!loaded.settings.jsonLogging)
        #expect(
            problems(commandLine: ["max_headerbytes": "1", "port": ""]) == [
                #"--max-headerbytes: unknown setting "max_headerbytes"; did you mean "max_header_bytes"?"#,
                "--port: port expects a whole number from 0 to 65535",
            ])
    }
}
