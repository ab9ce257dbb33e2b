import Bytes
import EventLoop
import TestSupport
import Testing
import Threads
import Time

/// Several nodes that share only a database, tested through HTTP.
@Suite(.needsDatabaseServer, .timeLimit(.minutes(2))) struct NodesTests {
    private static let channels = ["a", "b", "c", "d"]

    @Test func get_onAnyNode_reflectsEveryPutAcknowledgedBefore() throws {
        let database = try DatabaseServer()
        let nodes = try (0..<3).map { _ in
            try RunningService(
                RunningService.tokens + ["--database-url=\(database.url)", "--log-level=notice"])
        }
        let recorder = HistoryRecorder()
        let addresses = nodes.map(\.address)
        var threads: [Thread] = []
        for number in 0..<6 {
            let address = addresses[number % addresses.count]
            threads.append(try Thread(name: "write-\(number)") { Self.write(200, number, address, recorder) })
            threads.append(try Thread(name: "read-\(number)") { Self.read(200, address, recorder) })
        }
        for thread in threads { thread.join() }
        let history = recorder.history
        #expect(history.operations.count(where: \.isWrite) == 1_200)
        #expect(history.operations.allSatisfy { $0.ended != nil })
        #expect(history.operations.count == 1_200 + 1_200 * Self.channels.count)
        #expect(history.violations() == [])
        for node in nodes { #expect(try node.stop() == 0) }
    }

    private static func write(
        _ count: Int, _ writer: Int, _ address: SocketAddress, _ recorder: HistoryRecorder
    ) {
        guard let client = try? Client(address) else { return }
        for number in 0..<count {
            let channel = channels[number % channels.count]
            let version = "\(writer).\(number)"
            let timed = try? TimedResponse {
                try client.exchange(
                    """
                    PUT /v1/broadcasts/test/\(channel) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer foobar\r
                    Content-Length: \(version.utf8.count)\r\n\r\n\(version)
                    """)
            }
            guard let timed else { return }
            let isAcknowledged = timed.status == 200 || timed.status == 201
            recorder.add(
                channel, version, isWrite: true, timed.began, isAcknowledged ? timed.ended : nil)
        }
    }

    private static func read(_ count: Int, _ address: SocketAddress, _ recorder: HistoryRecorder) {
        guard let client = try? Client(address) else { return }
        for _ in 0..<count {
            let timed = try? TimedResponse {
                try client.exchange(
                    "GET /v1/broadcasts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer quux\r\n\r\n")
            }
            // A board with Age is stale, and need not reflect every PUT.
            guard let timed, timed.status == 200, timed.age == nil else { continue }
            for channel in channels {
                recorder.add(
                    channel, version(of: channel, in: timed.response.text), isWrite: false, timed.began,
                    timed.ended)
            }
        }
    }

    private static func version(of channel: String, in board: String) -> String? {
        board.firstRange(of: "\"test/\(channel)\":\"").map {
            String(board[$0.upperBound...].prefix { $0 != "\"" })
        }
    }
}
