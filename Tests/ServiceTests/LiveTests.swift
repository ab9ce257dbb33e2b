import EventLoop
import Glibc
import TestSupport
import Testing
import Time

/// Waits and streams of the built program, on SQLite and on two nodes that share a MariaDB.
@Suite(.needsDatabaseServer, .timeLimit(.minutes(3))) struct LiveTests {
    enum Store: String, CaseIterable {
        case sqlite, mariaDB
    }

    /// Nodes that share a store: one on SQLite, two on MariaDB.
    private struct Nodes {
        let all: [RunningService]
        let database: DatabaseServer?
        var first: RunningService { all[0] }
        var last: RunningService { all[all.count - 1] }

        init(_ store: Store, _ arguments: String...) throws {
            let tokens = RunningService.tokens
            switch store {
            case .sqlite:
                database = nil
                all = [try RunningService(tokens + arguments)]
            case .mariaDB:
                let database = try DatabaseServer()
                self.database = database
                all = try (0..<2).map { _ in
                    try RunningService(tokens + ["--database-url=\(database.url)"] + arguments, workers: 2)
                }
            }
        }

        func stop() throws {
            for node in all { #expect(try node.stop() == 0) }
        }
    }

    private func state(_ version: String) -> String {
        #"{"code":200,"broadcasts":{"test/channel":"\#(version)"}}"#
    }

    private func get(_ node: RunningService, _ path: String, _ fields: [String] = []) throws
        -> ReceivedResponse
    {
        let lines = ["GET \(path) HTTP/1.1", "Host: a", "Authorization: Bearer quux"] + fields + ["", ""]
        return try Client(node.address).exchange(lines.joined(separator: "\r\n"))
    }

    @Test(arguments: Store.allCases)
    func wait_isAnsweredByAPutThroughAnotherNode(_ store: Store) throws {
        let nodes = try Nodes(store)
        #expect(try nodes.first.put("v1").status == 201)
        let path = "/v1/broadcasts/test/channel"
        let tag = try #require(try get(nodes.last, path)["etag"])
        let client = try Client(nodes.last.address)
        try client.send(
            """
            GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer quux\r\nPrefer: wait=20\r
            If-None-Match: \(tag)\r\n\r\n
            """)
        try eventually { try nodes.last.get(path: "/metrics").text.contains(#"listeners{kind="wait"} 1"#) }
        #expect(try nodes.first.put("v2").status == 200)
        let response = try client.response()
        #expect(response.status == 200 && response.text == state("v2"))
        #expect(response["preference-applied"] == "wait=20")
        #expect(response["etag"] == (try get(nodes.first, path)["etag"]))
        try nodes.stop()
    }

    /// The last state of every stream equals GET's answer, states never go back, and consecutive ones differ.
    @Test(arguments: Store.allCases)
    func streams_showEveryNodesChanges_inOrder(_ store: Store) throws {
        let nodes = try Nodes(store, "--watch-interval=50ms", "--stream-keep-alive=1s")
        #expect(try nodes.first.put("0").status == 201)
        let paths = ["/v1/broadcasts", "/v1/broadcasts/test", "/v1/broadcasts/test/channel"]
        let followers = try (0..<12).map { number in
            try Follower(nodes.all[number % nodes.all.count], paths[number % paths.count])
        }
        for number in 1...40 {
            #expect(try nodes.all[number % nodes.all.count].put("\(number)").status == 200)
        }
        for follower in followers {
            let states = try follower.states(through: state("40"))
            let versions = try states.map { try #require($0.version.flatMap { Int($0) }) }
            #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 }, "\(versions)")
            let tag = try get(nodes.first, "/v1/broadcasts")["etag"]
            #expect(tag == "\"\(states.last?.id ?? "")\"")
        }
        try nodes.stop()
    }

    /// Changes by hand, by nodes of the original and by a restore are shown, also if the state goes back.
    @Test func streams_showChangesOfOtherPrograms() throws {
        let nodes = try Nodes(.mariaDB, "--watch-interval=50ms")
        let database = try #require(nodes.database)
        #expect(try nodes.first.put("v1").status == 201)
        let follower = try Follower(nodes.last, "/v1/broadcasts/test/channel")
        #expect(try follower.nextState().data == state("v1"))
        #expect(try nodes.first.put("v2").status == 200)
        #expect(try follower.nextState().data == state("v2"))
        try database.address.sql("UPDATE broadcastsv1 SET version = 'v1'")
        #expect(try follower.nextState().data == state("v1"))
        try database.address.sql("DELETE FROM broadcastsv1")
        #expect(try follower.nextState().data == #"{"code":404,"errno":123,"error":"Not Found"}"#)
        try database.address.sql(
            "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('test', 'channel', 'v3')"
        )
        #expect(try follower.nextState().data == state("v3"))
        try nodes.stop()
    }

    @Test(arguments: Store.allCases)
    func lastEventID_resumes_onAnyNode_andAfterARestart(_ store: Store) throws {
        let nodes = try Nodes(store)
        #expect(try nodes.first.put("v1").status == 201)
        let path = "/v1/broadcasts/test"
        let id = try Follower(nodes.first, path).nextState().id
        let resumed = try Follower(nodes.last, path, lastEventID: id)
        #expect(try resumed.next().retry != nil)
        #expect(try resumed.next().name == "keep-alive")
        #expect(try nodes.first.put("v2").status == 200)
        #expect(try resumed.next().data == state("v2"))
        let late = try Follower(nodes.last, path, lastEventID: id)
        #expect(try late.nextState().data == state("v2"))
        try nodes.stop()
    }

    @Test func terminate_endsStreamsAndWaits_andTheProcess() throws {
        let nodes = try Nodes(.sqlite)
        #expect(try nodes.first.put("v1").status == 201)
        let path = "/v1/broadcasts/test/channel"
        let followers = try (0..<5).map { _ in try Follower(nodes.first, path) }
        for follower in followers { #expect(try follower.nextState().data == state("v1")) }
        let client = try Client(nodes.first.address)
        let tag = try #require(try get(nodes.first, path)["etag"])
        try client.send(
            """
            GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer quux\r\nPrefer: wait=40\r
            If-None-Match: \(tag)\r\n\r\n
            """)
        try eventually { try nodes.first.get(path: "/metrics").text.contains(#"listeners{kind="wait"} 1"#) }
        nodes.first.process.signal(SIGTERM)
        let response = try client.response()
        #expect(response.status == 304 && response["connection"] == "close")
        for follower in followers {
            let rest = follower.rest()
            #expect(rest.count == 1 && rest[0].retry.map { (3000...6000).contains($0) } ?? false, "\(rest)")
        }
        #expect(try nodes.first.process.waitForExit() == 0)
        #expect(nodes.first.process.output.components("stream ended: drain") == 5)
    }

    @Test func hangUp_endsTheStreamsOfRemovedTokens_andNoOther() throws {
        let directory = try TemporaryDirectory()
        func write(_ readers: String) throws {
            try directory.write(
                "broadcaster_auth = { test = [\"foobar\"] }\nreader_auth = { \(readers) }\n", to: "c.toml")
        }
        try write("autopush = [\"quux\"], old = [\"gone\"]")
        let service = try RunningService(["--config=c.toml"], in: directory)
        #expect(try service.put("v1").status == 201)
        let kept = try Follower(service, "/v1/broadcasts")
        let removed = try Follower(service, "/v1/broadcasts", token: "gone")
        for follower in [kept, removed] { #expect(try follower.nextState().data == state("v1")) }
        try write("autopush = [\"quux\"]")
        service.process.signal(SIGHUP)
        #expect(removed.rest().isEmpty)
        #expect(try service.put("v2").status == 200)
        #expect(try kept.nextState().data == state("v2"))
        #expect(try Follower(service, "/v1/broadcasts", token: "gone").head.status == 401)
        #expect(try service.stop() == 0)
    }
}

extension String {
    /// The number of times that a text occurs.
    func components(_ text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
