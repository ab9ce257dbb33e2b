import EventLoop
import TestSupport
import Testing

/// A service whose limit on file descriptors is lower than `max_connections`.
@Suite(.timeLimit(.minutes(2))) struct DescriptorTests {
    private func start(limit: Int) -> [String] { ["sh", "-c", "ulimit -n \(limit); exec \"$0\" \"$@\""] }

    @Test(arguments: ["sqlite:megaphone.db", "sqlite::memory:"])
    func clientsThatTakeEveryConnection_leaveTheServiceItsDescriptors(database: String) throws {
        let service = try RunningService(
            RunningService.tokens + ["--database-url=\(database)"], through: start(limit: 64))
        let warning = try service.line(containing: "max_connections is 10000")
        #expect(warning.contains("the limit of 64 file descriptors allows only "), "\(warning)")
        let silent = try (0..<80).map { _ in try Client(service.address, timeout: .seconds(60)) }
        // A silent client gives way only after a second.
        for version in 1...3 {
            try eventually { try service.put("\(version)").status == (version == 1 ? 201 : 200) }
            try eventually { try service.get().text.contains(#""test/channel":"\#(version)""#) }
        }
        var metrics = ""
        try eventually {
            metrics = try service.get(path: "/metrics").text
            return metrics.contains("megaphone_http_max_connections")
        }
        let allowed = try #require(
            warning.split(separator: " allows only ").last?.split(separator: " ").first)
        #expect(metrics.contains("megaphone_http_max_connections \(allowed)\n"))
        #expect(try service.stop() == 0)
        #expect(!service.process.output.contains("open files"))
        withExtendedLifetime(silent) {}
    }

    @Test func limitBelowTheServicesOwnNeeds_stopsTheStart() throws {
        let directory = try TemporaryDirectory()
        let process = try Program.start(
            ["serve", "--port=0", "--workers=1"], in: directory, through: start(limit: 30))
        #expect(try process.waitForExit() == 71)
        #expect(process.output.contains("the limit of 30 file descriptors leaves none for connections"))
        #expect(process.output.contains("(ulimit -n, LimitNOFILE) to at least "))
    }

    @Test func idleConnections_giveWay_butNotAStream() throws {
        let service = try RunningService(
            RunningService.tokens + ["--database-url=sqlite::memory:", "--max-connections=2"])
        let follower = try Follower(service, "/v1/broadcasts")
        try #require(follower.head.status == 200)
        let idle = try Client(service.address)
        #expect(try idle.exchange("GET /__lbheartbeat__ HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        // The check of a load balancer is refused until the idle connection has been idle for a second.
        try eventually { try service.heartbeat() == 200 }
        #expect(try idle.readToEnd().isEmpty)
        // The connection of the check may still be open.
        try eventually { try service.put("1").status == 201 }
        while try follower.next().version != "1" {}
        #expect(try service.stop() == 0)
    }
}
