import TestSupport

/// A command in a `console` block of a document, which follows `$`, and its output.
struct ConsoleCommand: Equatable {
    /// The command, with continued lines joined.
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

/// The service as `make run` starts it, but with its own port and database.
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

    /// Runs a command of a document, with the address of this service in place of port 8000. Returns its
    /// output without the last newline.
    func run(_ command: String) throws -> String {
        let here = command.replacing("127.0.0.1:8000", with: address).replacing("curl ", with: "curl -s ")
        var output = try Shell.run(here).output
        if output.last == "\n" { output.removeLast() }
        return output
    }
}

extension String {
    /// Returns the longest suffix whose characters all satisfy the condition.
    fileprivate func suffix(while condition: (Character) -> Bool) -> Substring {
        self[(lastIndex { !condition($0) }.map(index(after:)) ?? startIndex)...]
    }
}
