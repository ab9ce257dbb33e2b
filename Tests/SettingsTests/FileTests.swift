import Access
import Broadcasts
import Testing

@testable import Settings

struct FileTests {
    @Test(arguments: ["global", "development", "dev", "staging", "stage", "production", "prod"])
    func sectionOfRocketToml_isExplained(section: String) {
        let found = problems("[\(section)]\nport = 80\n[\(section).reader_auth]\na = [\"x\"]")
        #expect(
            found == [
                "test.toml:1: \"\(section)\" is a section of Rocket.toml; put its settings at the top level of the file"
            ])
    }

    @Test func duplicateKey_isNamed() {
        #expect(problems("port = 1\nport = 2") == [#"test.toml:2:1: duplicate key "port""#])
    }

    @Test func duplicateKey_hidesNoOtherProblem() {
        let file = """
            port = "x"
            port = 2
            prot = 1
            reader_auth = { a = "x", a = "y", b.c = "z", b.c = "z" }
            [reader_auth]
            keep_alive
            """
        #expect(
            problems(file) == [
                #"test.toml:2:1: duplicate key "port""#,
                #"test.toml:4:26: duplicate key "a""#,
                #"test.toml:4:46: duplicate key "c""#,
                #"test.toml:5:1: duplicate key "reader_auth""#,
                "test.toml:6:11: expects an = after a key",
                "test.toml:1: port expects a whole number from 0 to 65535",
                #"test.toml:3: unknown setting "prot"; did you mean "port"?"#,
                #"test.toml:4: reader_auth expects exactly the keys token and expires in a table for "b""#,
            ])
    }

    @Test func manyDuplicateKeys_stopTheParser() {
        #expect(problems(String(repeating: "port = 1\n", count: 100_000)).count == 101)
        #expect(problems("port = {" + String(repeating: "a=1,", count: 200_000) + "}").count == 101)
    }

    @Test func deepNesting_isRejected() {
        for bracket in ["[", "{a="] {
            #expect(problems("port = " + String(repeating: bracket, count: 100_000)).count == 1)
        }
    }

    @Test func byteOrderMarkAndCRLF_areAccepted() throws {
        #expect(try load("\u{FEFF}port = 1\r\n\r\nworkers = 2\r\n").settings.port == 1)
    }

    @Test func unknownKey_getsASuggestion_onlyWhenOneIsNear() {
        #expect(
            problems("max_conections = 1") == [
                #"test.toml:1: unknown setting "max_conections"; did you mean "max_connections"?"#
            ])
        #expect(problems("color = 1") == [#"test.toml:1: unknown setting "color""#])
        #expect(problems("\(String(repeating: "port", count: 50_000)) = 1").count == 1)
        #expect(problems("\"a\\nb\" = 1") == [#"test.toml:1: unknown setting "a\U0000000ab""#])
    }

    @Test func defaults_apply_withoutAFile() throws {
        let loaded = try Settings.load(file: nil, environment: [:])
        #expect(loaded.origins.isEmpty)
        #expect(loaded.settings.reloadable.access.isEmpty)
        #expect(loaded.settings.workers == nil)
        #expect(loaded.settings.statsdHost == nil)
    }
}
