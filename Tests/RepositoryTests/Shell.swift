import TestSupport

/// Runs commands in the root of the repository.
enum Shell {
    struct Result: Sendable {
        let exitCode: Int32
        /// Standard output and standard error together.
        let output: String
    }

    static func run(_ command: String) throws -> Result {
        let process = try ChildProcess(
            "/bin/sh", ["-c", "cd \"$ROOT\"\n\(command)"],
            environment: [
                "PATH": "\(BuiltProgram.folder):/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "ROOT": SourceTree.root,
            ])
        return Result(exitCode: try process.waitForExit(), output: process.output)
    }

    static func has(_ program: String) -> Bool {
        (try? run("command -v \(program)").exitCode) == 0
    }
}
