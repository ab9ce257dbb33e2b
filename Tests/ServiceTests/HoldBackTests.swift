import Glibc
import TestSupport
import Testing

/// `hold_back` in the running program, with an interval of a second.
@Suite(.timeLimit(.minutes(2))) struct HoldBackTests {
    private static func settings(_ more: String) -> String {
        """
        database_url = "sqlite:megaphone.db"
        broadcaster_auth = { test = "foobar" }
        reader_auth = { autopush = "quux" }
        \(more)
        """
    }

    private static let rule = "hold_back = { \"test/*\" = \"1s\" }\n"

    @Test func stream_showsWhatIsHeld_whenItIsDue() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.settings(Self.rule), to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        let follower = try Follower(service, "/v1/broadcasts/test")
        #expect(try service.put("v1").status == 201)
        #expect(try service.put("v2")["announce-at"] != nil)
        #expect(try service.put("v3")["announce-at"] != nil)
        var versions: [String] = []
        while versions.last != "v3" {
            if let version = try follower.next().version { versions.append(version) }
        }
        #expect(versions == ["v1", "v3"])
        #expect(try service.stop() == 0)
    }

    /// A node that dies takes nothing with it: what it held is announced when it was due.
    @Test func killedNode_losesNothing() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.settings(Self.rule), to: "m.toml")
        let first = try RunningService(["--config=m.toml"], in: directory)
        #expect(try first.put("v1").status == 201)
        #expect(try first.put("v2")["announce-at"] != nil)
        first.process.signal(SIGKILL)
        _ = try first.process.waitForExit()
        let second = try RunningService(["--config=m.toml"], in: directory)
        try eventually { try second.get().text.contains(#""test/channel":"v2""#) }
        #expect(try second.stop() == 0)
    }

    @Test func firstRule_needsTheColumns_whichMigrateAdds() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.settings(""), to: "m.toml")
        let service = try RunningService(["--config=m.toml"], in: directory)
        #expect(try service.put("v1").status == 201)
        try directory.write(Self.settings(Self.rule), to: "m.toml")
        service.process.signal(SIGHUP)
        let line = try service.line(containing: "hold_back is not applied")
        #expect(line.contains("run megaphone migrate, then reload"))
        #expect(try service.put("v2")["announce-at"] == nil)
        #expect(try service.get().text.contains("v2"))
        let migration = try Program.start(["migrate", "--config=m.toml"], in: directory)
        #expect(try migration.waitForExit() == 0)
        service.process.signal(SIGHUP)
        _ = try service.line(containing: "all reloadable settings are in effect")
        try eventually {
            _ = try service.put("a")
            return try service.put("b")["announce-at"] != nil
        }
        #expect(try service.stop() == 0)
    }

    @Test func rule_withoutMigration_stopsTheStart() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.settings("hold_back = { test = \"1s\" }\n"), to: "m.toml")
        let process = try Program.start(["serve", "--config=m.toml", "--port=0"], in: directory)
        #expect(try process.waitForExit() == 78)
        #expect(process.output.contains("hold_back expects broadcaster/channel or broadcaster/*"))
    }
}
