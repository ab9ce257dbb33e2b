import Access
import Broadcasts
import StoreAddress
import TestSupport
import Testing

@testable import Settings

struct ExampleFileTests {
    /// Returns the text of config.example.toml.
    private func example() throws -> String {
        let top = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        return try text(ofFile: "/\(top)/config.example.toml")
    }

    @Test func example_loads_withTheTokensOfTheREADME() throws {
        let loaded = try load(example())
        #expect(loaded.notes.isEmpty)
        #expect(loaded.settings.identity(of: "foobar") == .broadcaster("test"))
        #expect(loaded.settings.identity(of: "quux") == .reader("autopush"))
        #expect(!loaded.settings.jsonLogging)
        #expect(loaded.settings.database == .sqlite(path: "megaphone.db"))
        #expect(loaded.settings.port == 8000)
    }

    @Test func example_explainsEveryKey_inTheOrderOfTheTable() throws {
        let set = ["database_url", "broadcaster_auth", "reader_auth", "json_logging"]
        var keys: [String] = []
        var comments = 0
        for line in try example().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# ") || line == "#" {
                comments += 1
            } else if line.isEmpty {
                comments = 0
            } else {
                let isComment = line.hasPrefix("#")
                let parts = line.drop { $0 == "#" }.split(separator: " = ", maxSplits: 1)
                let key = String(try #require(parts.first))
                let setting = try #require(SettingsTable.setting(key), "\(key) is not a setting")
                #expect(comments > 0, "\(key) has no explanation")
                #expect(isComment != set.contains(key))
                if isComment { #expect(parts.last == setting.defaultText[...]) }
                keys.append(key)
            }
        }
        #expect(keys == SettingsTable.all.map(\.key))
    }

    @Test func example_loads_withEveryDefaultSpelledOut() throws {
        let lines = try example().split(separator: "\n").map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }
        let loaded = try load(lines.joined(separator: "\n"))
        #expect(loaded.origins.count == SettingsTable.all.count)
    }
}
