import TestSupport

/// What a `console` block of a document shows: a command behind `$`, and what it prints.
struct ConsoleCommand: Equatable {
    /// On one line, whatever it takes in the document.
    let text: String
    let output: String

    static func all(in document: String) -> [ConsoleCommand] {
        let blocks = document.split(separator: "\n```console\n", omittingEmptySubsequences: false).dropFirst()
        return blocks.flatMap { block in
            let lines = block.prefix(upTo: block.firstRange(of: "\n```")?.lowerBound ?? block.endIndex)
            return ("\n" + lines).split(separator: "\n$ ").map { command in
                let joined = command.replacing("\\\n", with: "")
                let parts = joined.split(separator: "\n", maxSplits: 1)
                return ConsoleCommand(
                    text: String(parts[0]), output: parts.count == 2 ? String(parts[1]) : "")
            }
        }
    }
}

/// The service as `make run` starts it, with a port and a database of its own.
struct FreshService {
    private let process: ChildProcess
    private let address: String

    init() throws {
        process = try ChildProcess(
            BuiltProgram.path,
            [
                "serve", "--config=\(SourceTree.root)/config.example.toml", "--port=0",
                "--database-url=sqlite::memory:",
            ])
        let line = try process.line(containing: "Listening on http://")
        address = String(line.suffix { !" /".contains($0) })
    }

    /// Runs a command that speaks to port 8000 in the document. Returns what it prints, without the last
    /// line's end.
    func run(_ command: String) throws -> String {
        let here = command.replacing("127.0.0.1:8000", with: address).replacing("curl ", with: "curl -s ")
        var output = try Shell.run(here).output
        if output.last == "\n" { output.removeLast() }
        return output
    }
}

extension String {
    /// The longest end of the text whose characters all fulfil the condition.
    fileprivate func suffix(while condition: (Character) -> Bool) -> Substring {
        self[(lastIndex { !condition($0) }.map(index(after:)) ?? startIndex)...]
    }
}
