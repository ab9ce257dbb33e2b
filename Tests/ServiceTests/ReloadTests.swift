import Glibc
import TestSupport
import Testing

/// Reloads with SIGHUP, most of which must be rejected.
@Suite(.timeLimit(.minutes(2))) struct ReloadTests {
    private static let text = "database_url = \"sqlite::memory:\"\nreader_auth = { a = \"quux\" }\n"

    /// Opening a FIFO without a writer would block.
    @Test func fifo_isNotReloaded_andBlocksNoSignal() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.text, to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        #expect(unsafe unlink("\(directory.path)/m.toml") == 0)
        #expect(unsafe mkfifo("\(directory.path)/m.toml", 0o600) == 0)
        service.process.signal(SIGHUP)
        let line = try service.process.line(containing: "configuration unchanged")
        #expect(line.contains("m.toml: not a regular file"))
        #expect(try service.get().status == 200)
        #expect(try service.stop() == 0)
    }

    /// The second read of a pipe returns nothing, so a reload would remove all tokens.
    @Test func pipe_isReadAtTheStart_andNotReloaded() throws {
        let script = "exec \"$0\" \"$@\" --config <(printf '%s' '\(Self.text)')"
        let service = try RunningService(through: ["bash", "-c", script])
        #expect(try service.get().status == 200)
        service.process.signal(SIGHUP)
        let line = try service.process.line(containing: "configuration unchanged")
        #expect(line.contains("not a regular file"))
        #expect(try service.get().status == 200)
    }

    @Test(arguments: ["", "database_url = \"sqlite::memory:\"\nanonymous_reads = true\n"])
    func lastToken_isNotRemovedByAReload(text: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.text, to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        try directory.write(text, to: "m.toml")
        service.process.signal(SIGHUP)
        let line = try service.process.line(containing: "configuration unchanged")
        #expect(line.contains("broadcaster_auth and reader_auth") && line.contains("ERROR"))
        #expect(try service.get().status == 200)
        #expect(try service.get(token: "other").status == 401)
    }

    /// A reload may add the first tokens. A later reload cannot remove all of them.
    @Test func tokens_mayBeAddedByAReload() throws {
        let directory = try TemporaryDirectory()
        try directory.write("database_url = \"sqlite::memory:\"\n", to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "Configuration reloaded")
        try directory.write(Self.text, to: "m.toml")
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "Configuration reloaded")
        #expect(try service.get().status == 200)
        try directory.write("", to: "m.toml")
        service.process.signal(SIGHUP)
        _ = try service.process.line(containing: "configuration unchanged")
        #expect(try service.get().status == 200)
    }
}
