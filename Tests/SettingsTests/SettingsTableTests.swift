import Testing

@testable import Settings

struct SettingsTableTests {
    @Test(arguments: SettingsTable.all.map(\.key))
    func everyRow_isComplete_andItsDefaultLoads(key: String) throws {
        let setting = try #require(SettingsTable.setting(key))
        #expect(setting.help.hasSuffix("."))
        #expect(!setting.expectation.isEmpty)
        _ = try load("\(key) = \(setting.defaultText)")
        _ = try load(environment: ["MEGAPHONE_\(key.uppercased())": setting.defaultText])
    }

    @Test func summary_loadsAsAFile_withTheSameValues() throws {
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

    @Test func summary_namesTheOriginOfEachValue() throws {
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
