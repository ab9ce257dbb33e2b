import Access
import StoreAddress
import Testing

@testable import Settings

/// Configurations as operators write them. A test's name is the line of the list of cases.
struct FieldTests {
    @Test(
        "Fault 10: a set but empty or malformed MEGAPHONE_DATABASE_URL never falls back to SQLite",
        arguments: ["MEGAPHONE_DATABASE_URL", "ROCKET_DATABASE_URL"])
    func emptyDatabaseURL_isAProblem(name: String) throws {
        for value in ["", " ", "\r"] {
            #expect(
                problems(environment: [name: value]) == [
                    "\(name): set, but empty; expects the URL of a database, or remove the variable"
                ])
        }
        for value in ["''", "\"\"", "mysql", "mysql://", "${MYSQL_URL}", "postgres://h/d"] {
            let found = problems(environment: [name: value])
            #expect(found.count == 1 && found.first?.hasPrefix("\(name): database_url ") == true, "\(found)")
        }
        // What overrides the variable decides.
        let url = ["database_url": "sqlite:x.db"]
        #expect(
            try load(environment: [name: ""], commandLine: url).settings.database == .sqlite(path: "x.db"))
        let own = ["MEGAPHONE_DATABASE_URL": "sqlite:y.db", "ROCKET_DATABASE_URL": ""]
        #expect(try load(environment: own).settings.database == .sqlite(path: "y.db"))
        // Other empty variables count as not set: docker-compose sets them.
        #expect(try load(environment: ["MEGAPHONE_PORT": ""]).settings.port == 8000)
    }

    @Test(
        "Rough edge: _FILE variables for secrets",
        arguments: [
            ("/s", "mysql://u:p@h/d"), ("/s", "mysql://u:p@h/d\n"), ("/s", "mysql://u:p@h/d\r\n"),
            ("'/s'", "mysql://u:p@h/d\n"), ("/s", "'mysql://u:p@h/d'\n"),
        ])
    func fileVariable_holdsTheValue(path: String, text: String) throws {
        let loaded = try load(
            "database_url = \"sqlite:a.db\"",
            environment: ["MEGAPHONE_DATABASE_URL_FILE": path, "ROCKET_DATABASE_URL": "sqlite:b.db"],
            valueFiles: ["/s": text])
        #expect(loaded.settings.database == (try DatabaseAddress(url: "mysql://u:p@h/d")))
        #expect(loaded.origin(of: "database_url") == "MEGAPHONE_DATABASE_URL_FILE")
        #expect(loaded.warnings.isEmpty)
    }

    @Test("Rough edge: _FILE variables for tokens")
    func fileVariable_holdsTokens() throws {
        let loaded = try load(
            environment: [
                "MEGAPHONE_READER_AUTH_FILE": "/r", "MEGAPHONE_BROADCASTER_AUTH_FILE": "/b",
                "MEGAPHONE_VERSION_FILE": "/v",
            ],
            valueFiles: ["/r": "{ autopush = [\"quux\",\n \"old\"] }\n", "/b": "{test=[foobar]}"])
        #expect(loaded.settings.identity(of: "old") == .reader("autopush"))
        #expect(loaded.settings.identity(of: "foobar") == .broadcaster("test"))
        #expect(loaded.settings.versionFile == "/v")
        let version = try load(
            environment: ["MEGAPHONE_VERSION_FILE_FILE": "/n"], valueFiles: ["/n": "/app/v.json\n"])
        #expect(version.settings.versionFile == "/app/v.json")
        // The command line overrides the variable, whose file is then not read.
        #expect(
            try load(environment: ["MEGAPHONE_PORT_FILE": "/none"], commandLine: ["port": "1"]).settings.port
                == 1)
    }

    @Test("Rough edge: a _FILE variable that cannot be used stops the start, without the secret")
    func fileVariable_isChecked() {
        let both = [
            "MEGAPHONE_DATABASE_URL": "sqlite:s3cret", "MEGAPHONE_DATABASE_URL_FILE": "/s",
        ]
        #expect(
            problems(environment: both, valueFiles: ["/s": "sqlite:s3cret"]) == [
                """
                MEGAPHONE_DATABASE_URL: set together with MEGAPHONE_DATABASE_URL_FILE; set only one of them
                """
            ])
        let file = ["MEGAPHONE_DATABASE_URL_FILE": "/s"]
        #expect(
            problems(environment: file) == ["MEGAPHONE_DATABASE_URL_FILE: /s: No such file or directory"])
        for empty in ["", "\n", " \n"] {
            #expect(
                problems(environment: file, valueFiles: ["/s": empty]) == [
                    "MEGAPHONE_DATABASE_URL_FILE: the file is empty; expects a value"
                ])
        }
        for text in ["s3cret", "mysql://u:s3cret@h", "a\ns3cret"] {
            let found = problems(environment: file, valueFiles: ["/s": text])
            #expect(found.count == 1)
            #expect(found.first?.hasPrefix("MEGAPHONE_DATABASE_URL_FILE: database_url ") == true)
            #expect(found.first?.contains("s3cret") == false)
        }
        #expect(problems(environment: ["ROCKET_PORT_FILE": "/s"]).isEmpty, "noted, as there is no such form")
    }

    @Test("Rough edge: StatsD tags can be switched off for servers that refuse them")
    func statsdTags_areASetting() throws {
        #expect(try load().settings.statsdTags)
        #expect(try !load("statsd_tags = false").settings.statsdTags)
        #expect(try !load(environment: ["MEGAPHONE_STATSD_TAGS": "false"]).settings.statsdTags)
    }

    @Test("Rough edge: messages for [::1] and host:port as the host of StatsD")
    func statsdHost_mayHaveBrackets_butNoPort() throws {
        #expect(try load("statsd_host = \"[::1]\"").settings.statsdHost == "::1")
        #expect(try load("statsd_host = \"::1\"").settings.statsdHost == "::1")
        #expect(try load("statsd_host = \"graphite\"").settings.statsdHost == "graphite")
        #expect(
            problems("statsd_host = \"graphite:8125\"") == [
                """
                test.toml:1: statsd_host expects an IPv4 or IPv6 address or a host name, without a port, \
                which is statsd_port
                """
            ])
    }

    @Test("HTTP 7: [::] in brackets, and ROCKET_ADDRESS=localhost")
    func address_mayBeBracketedOrAName() throws {
        #expect(try load(environment: ["ROCKET_ADDRESS": "[::]"]).settings.address == "::")
        #expect(try load(environment: ["ROCKET_ADDRESS": "localhost"]).settings.address == "localhost")
    }
}
