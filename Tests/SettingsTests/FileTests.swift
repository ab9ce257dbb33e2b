import Broadcasts
import Settings
import Testing

struct FileTests {
    @Test(arguments: ["global", "development", "dev", "staging", "stage", "production", "prod"])
    func sectionOfRocketToml_isExplained(section: String) {
        let found = problems("[\(section)]\nport = 80\n[\(section).reader_auth]\na = [\"x\"]")
        #expect(
            found == [
                "test.toml:1: \"\(section)\" is a section of Rocket.toml; expects its settings at the top of the file"
            ])
    }

    @Test func keyTwice_isNamed() {
        #expect(problems("port = 1\nport = 2") == [#"test.toml:2:1: "port" stands here for the second time"#])
    }

    @Test func hugeFile_isRefused() {
        #expect(
            problems(String(repeating: "# x\n", count: 300_000)) == [
                "test.toml:1:1: expects a file of at most 1048576 bytes"
            ])
    }

    @Test func deepNesting_isRefused_withoutHarm() {
        for bracket in ["[", "{a="] {
            #expect(problems("port = " + String(repeating: bracket, count: 100_000)).count == 1)
        }
    }

    @Test func byteOrderMarkAndCRLF_areFine() throws {
        #expect(try load("\u{FEFF}port = 1\r\n\r\nworkers = 2\r\n").settings.port == 1)
    }

    @Test func unknownKey_getsASuggestion_onlyWhenOneIsNear() {
        #expect(
            problems("max_conections = 1") == [
                #"test.toml:1: "max_conections" is no setting; did you mean "max_connections"?"#
            ])
        #expect(problems("color = 1") == [#"test.toml:1: "color" is no setting"#])
        #expect(problems("\(String(repeating: "port", count: 50_000)) = 1").count == 1)
        #expect(problems("\"a\\nb\" = 1") == [#"test.toml:1: "a\U0000000ab" is no setting"#])
    }

    @Test func withoutAFile_theDefaultsHold() throws {
        let loaded = try Settings.load(file: nil, environment: [:])
        #expect(loaded.origins.isEmpty)
        #expect(loaded.settings.access.isEmpty)
        #expect(loaded.settings.workers == nil)
        #expect(loaded.settings.statsdHost == nil)
    }
}
