import Glibc
import TestSupport
import Testing
import Time

/// A thousand streams over a database that hangs, dies and returns.
@Suite(.needsDatabaseServer, .serialized, .timeLimit(.minutes(4))) struct LiveOutageTests {
    private static let count = 1000

    private func state(_ version: String) -> String {
        #"{"code":200,"broadcasts":{"test/channel":"\#(version)"}}"#
    }

    /// Raises the limit on descriptors of this process, which has a connection for each stream.
    private func allowManyDescriptors() {
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    @Test func noStreamIsLost_andNoneGoesBack() throws {
        allowManyDescriptors()
        let database = try DatabaseServer()
        let service = try RunningService(
            RunningService.tokens + ["--database-url=\(database.url)", "--log-level=notice"])
        #expect(try service.put("1").status == 201)
        let followers = try (0..<Self.count).map { _ in
            try Follower(service, "/v1/broadcasts/test/channel")
        }
        for follower in followers { _ = try follower.states(through: state("1")) }
        var version = 1
        for absence in Absence.allCases {
            try absence.begin(database)
            let resumed = try Follower(
                service, "/v1/broadcasts/test/channel", lastEventID: "of a later state")
            while try resumed.next().name != "keep-alive" {}
            try absence.end(database)
            version += 1
            try eventually(within: .seconds(20)) { try service.put("\(version)").status == 200 }
            for follower in followers {
                let states = try follower.states(through: state("\(version)"))
                #expect(states.count == 1, "the streams saw \(states)")
            }
            #expect(try resumed.states(through: state("\(version)")).count <= 2)
        }
        #expect(try service.get(path: "/metrics").text.contains(#"listeners{kind="stream"} 10"#))
        #expect(try service.stop() == 0)
    }
}
