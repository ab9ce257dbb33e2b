import Glibc
import Settings
import Testing

/// Checks README.md and the other documents against the program.
@Suite struct DocumentTests {
    private static let documents = [
        "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "Deploy/README.md",
        "Fuzz/README.md",
    ]

    @Test func readme_hasTheTableOfSettings() throws {
        let rows = SettingsTable.all.map { "| `\($0.key)` | `\($0.defaultText)` | \($0.help) |" }
        let table = ["| key | default | meaning |", "|---|---|---|"] + rows
        let expected = table.joined(separator: "\n") + "\n\n"
        #expect(try SourceTree.text(of: "README.md").contains(expected), "README.md expects:\n\(expected)")
    }

    @Test(arguments: documents)
    func consoleBlocks_showTheOutputOfTheirCommands(document: String) throws {
        let commands = ConsoleCommand.all(in: try SourceTree.text(of: document))
        guard !commands.isEmpty else { return }
        let service = try FreshService()
        for command in commands {
            #expect(try service.run(command.text) == command.output, "\(command.text)")
        }
    }

    @Test func readme_hasConsoleBlocks() throws {
        #expect(ConsoleCommand.all(in: try SourceTree.text(of: "README.md")).count >= 4)
    }

    @Test func canary_aConsoleBlock_isParsed() {
        let document = "Text.\n```console\n$ one \\\n  more\nA\nB\n$ two\n```\n```sh\n$ three\n```\n"
        #expect(
            ConsoleCommand.all(in: document) == [
                ConsoleCommand(text: "one   more", output: "A\nB"), ConsoleCommand(text: "two", output: ""),
            ])
    }

    @Test(arguments: documents)
    func links_referToExistingFiles(document: String) throws {
        let folder = document.split(separator: "/").dropLast().map { $0 + "/" }.joined()
        for part in try SourceTree.text(of: document).split(separator: "](").dropFirst() {
            let target = part.prefix { !")#".contains($0) }
            if target.isEmpty || target.contains("://") { continue }
            #expect(unsafe access("\(SourceTree.root)/\(folder)\(target)", F_OK) == 0, "\(target)")
        }
    }

    @Test(arguments: documents)
    func makeCommands_areTargets(document: String) throws {
        let makefile = "\n" + (try SourceTree.text(of: "Makefile"))
        let text = try SourceTree.text(of: document)
        for part in text.replacing("\nmake ", with: "`make ").split(separator: "`make ").dropFirst() {
            let target = part.prefix { $0.isLetter || $0 == "-" }
            #expect(makefile.contains("\n\(target):"), "make \(target)")
        }
    }
}
