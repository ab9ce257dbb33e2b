import Testing

@testable import Settings

struct SettingsTableTests {
    @Test func table_hasTheKeysAndDefaultsOfTheContract() {
        let table = SettingsTable.all.map { "\($0.key) = \($0.defaultText)" }
        #expect(
            table == [
                #"address = "127.0.0.1""#, "port = 8000", "share_port = false",
                #"environment = "development""#,
                #"database_url = "sqlite:megaphone.db""#, "database_pool_max_size = 10",
                #"write_deadline = "2s""#,
                "broadcaster_auth = {}",
                "reader_auth = {}", "anonymous_reads = false", #"max_staleness = "0s""#,
                #"read_deadline = "250ms""#, #"stale_if_error = "5m""#,
                "json_logging = true", #"log_level = "info""#, #"statsd_host = """#, "statsd_port = 8125",
                #"statsd_label = "megaphone""#, #"version_file = "version.json""#, "workers = 0",
                #"keep_alive = "75s""#, #"header_timeout = "10s""#, #"body_timeout = "10s""#,
                "max_connections = 10000", "max_header_bytes = 16384", "max_headers = 100",
                "max_body_bytes = 4096", #"shutdown_grace = "10s""#,
            ])
    }

    @Test(arguments: SettingsTable.all.map(\.key))
    func everyRow_isComplete_andItsDefaultLoads(key: String) throws {
        let setting = try #require(SettingsTable.setting(key))
        #expect(setting.help.hasSuffix("."))
        #expect(!setting.expectation.isEmpty)
        _ = try load("\(key) = \(setting.defaultText)")
        _ = try load(environment: ["MEGAPHONE_\(key.uppercased())": setting.defaultText])
    }

    @Test func summary_isAConfigurationFile_thatMakesTheSameSettings() throws {
        let file = """
            database_url = "sqlite:/a dir/\\"x\\"\\n.db"
            workers = 3
            stale_if_error = "90m"
            statsd_host = "::1"
            """
        let summary = try load(file).summary
        #expect(summary.split(separator: "\n").count == SettingsTable.all.count)
        let again = try load(summary).summary
        #expect(again.split(separator: "\n").map(\.value) == summary.split(separator: "\n").map(\.value))
        #expect(summary.contains(#"stale_if_error = "90m""#))
    }

    @Test func summary_saysWhereEachValueCameFrom() throws {
        let summary = try load(
            "port = 1", environment: ["ROCKET_WORKERS": "2"], commandLine: ["log_level": "debug"]
        ).summary
        let lines = summary.split(separator: "\n")
        for (key, origin) in [
            ("port = 1", "test.toml:1"), ("workers = 2", "ROCKET_WORKERS"),
            (#"log_level = "debug""#, "--log-level"),
            ("max_headers = 100", "default"),
        ] {
            #expect(lines.contains { $0.hasPrefix(key + " ") && $0.hasSuffix("  # \(origin)") })
        }
    }
}

extension Substring {
    /// A line of a summary without its comment.
    fileprivate var value: Substring { prefix { $0 != "#" } }
}
