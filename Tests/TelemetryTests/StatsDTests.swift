import Glibc
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Telemetry

private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

struct StatsDTests {
    @Test(arguments: [("127.0.0.1", false), ("::1", true)])
    func countersAndTimers_reachTheServer(host: String, version6: Bool) throws {
        let listener = try DatagramListener(version6: version6)
        let sender = try StatsDSender(host: host, port: listener.port, label: "megaphone", logger: silent)
        sender.increment("broadcast.cmd.update", tags: ["broadcaster": "test", "channel_id": "a-b_c"])
        #expect(
            listener.receive() == "megaphone.broadcast.cmd.update:1|c|#broadcaster:test,channel_id:a-b_c")
        sender.timing("broadcast.update", .microseconds(12_345), tags: ["broadcaster": "test"])
        #expect(listener.receive() == "megaphone.broadcast.update:12.345|ms|#broadcaster:test")
        sender.increment("broadcast.cmd.dump")
        #expect(listener.receive() == "megaphone.broadcast.cmd.dump:1|c")
        sender.timing("broadcast.dump", .milliseconds(2))
        #expect(listener.receive() == "megaphone.broadcast.dump:2|ms")
    }

    @Test("Rough edge: StatsD tags can be switched off for servers that refuse them")
    func tags_areOmitted_whenTheyAreSwitchedOff() throws {
        let listener = try DatagramListener(version6: false)
        let sender = try StatsDSender(
            host: "127.0.0.1", port: listener.port, label: "m", hasTags: false, logger: silent)
        sender.increment("broadcast.cmd.update", tags: ["broadcaster": "test", "channel_id": "a"])
        #expect(listener.receive() == "m.broadcast.cmd.update:1|c")
        sender.timing("broadcast.update", .milliseconds(2), tags: ["broadcaster": "test"])
        #expect(listener.receive() == "m.broadcast.update:2|ms")
    }

    @Test func emptyLabel_addsNoPrefix() throws {
        let listener = try DatagramListener(version6: false)
        try StatsDSender(host: "127.0.0.1", port: listener.port, label: "", logger: silent).increment("a")
        #expect(listener.receive() == "a:1|c")
    }

    @Test func specialCharacters_areReplaced() throws {
        let listener = try DatagramListener(version6: false)
        let sender = try StatsDSender(host: "127.0.0.1", port: listener.port, label: "m:x|", logger: silent)
        sender.increment("a", tags: ["k|": "v,w:1|c\r\nb:1|c#@"])
        #expect(listener.receive() == "m_x_.a:1|c|#k_:v_w_1_c__b_1_c__")
    }

    @Test func missingServer_isIgnored() throws {
        // Nothing listens on the port after the listener is released.
        let port = try DatagramListener(version6: false).port
        let sender = try StatsDSender(host: "127.0.0.1", port: port, label: "m", logger: silent)
        for _ in 0..<1000 { sender.increment("a") }
    }

    @Test func hostName_isLookedUpInTheBackground() throws {
        let listener = try DatagramListener(version6: false)
        let fixture = try LogFixture(json: false)
        let sender = try StatsDSender(
            host: "localhost", port: listener.port, label: "m", logger: fixture.output.logger("test"))
        #expect(try fixture.line().contains("Metrics are sent to StatsD at localhost"))
        sender.increment("a")
        #expect(listener.receive() == "m.a:1|c")
    }

    @Test func host_isLookedUpAgain_afterFailureAndSuccess() throws {
        let listeners = try (0..<2).map { _ in try DatagramListener(version6: false) }
        let fixture = try LogFixture(json: false)
        let lookups = Mutex(0)
        let resolver = try StatsDResolver(
            of: "there", into: makeIdleSocket(),
            intervals: .init(afterSuccess: .milliseconds(1), afterFailure: .milliseconds(1)),
            logger: fixture.output.logger("test")
        ) { () throws(SocketError) in
            let count = lookups.withLock { count in
                count += 1
                return count
            }
            guard count > 2 else { throw SocketError(reason: "away") }
            return try connectDatagramSocket(
                host: "127.0.0.1", port: listeners[count > 3 ? 1 : 0].port, isAddress: true)
        }
        defer { resolver.end() }
        let lines = fixture.pipe.readLines(2)
        #expect(lines.first?.contains("away") == true)
        #expect(lines.last?.contains("Metrics are sent to StatsD at there") == true)
        try eventually { lookups.withLock { $0 >= 6 } }
        #expect(sendWithoutWaiting(Array("moved".utf8), to: resolver.socket))
        #expect(listeners[1].receive() == "moved")
    }

    @Test func missingSocket_isLogged_andNothingIsSent() throws {
        let listener = try DatagramListener(version6: false)
        let fixture = try LogFixture(json: false)
        let sender = try StatsDSender(
            host: "localhost", port: listener.port, label: "m", logger: fixture.output.logger("test")
        ) { () throws(SocketError) in throw SocketError(reason: "Too many open files") }
        sender.increment("a")
        fixture.output.close()
        let lines = String(decoding: fixture.pipe.read(waitingMilliseconds: 0), as: UTF8.self)
        #expect(lines.contains("ERROR") && lines.contains("Too many open files"))
        #expect(!lines.contains("Metrics are sent"))
    }

    @Test func socketThatCannotBeReplaced_isLoggedOnce() throws {
        let fixture = try LogFixture(json: false)
        let lookups = Mutex(0)
        let resolver = try StatsDResolver(
            of: "there", into: makeIdleSocket(),
            intervals: .init(afterSuccess: .milliseconds(1), afterFailure: .milliseconds(1)),
            logger: fixture.output.logger("test")
        ) { () throws(SocketError) in
            lookups.withLock { $0 += 1 }
            // Not a descriptor: dup2 fails with EBADF.
            return -1
        }
        try eventually { lookups.withLock { $0 >= 5 } }
        resolver.end()
        fixture.output.close()
        let lines = String(decoding: fixture.pipe.read(waitingMilliseconds: 0), as: UTF8.self)
        #expect(lines.split(separator: "\n").count == 1)
        #expect(lines.contains("ERROR") && lines.contains("Bad file descriptor"))
    }

    @Test func unknownHost_isLogged() throws {
        // A label of a host name has at most 63 characters, so the lookup fails without a query.
        let host = String(repeating: "x", count: 64) + ".invalid"
        let fixture = try LogFixture(json: false)
        let sender = try StatsDSender(
            host: host, port: 8125, label: "m", logger: fixture.output.logger("test"))
        sender.increment("a")
        #expect(try fixture.line().contains(host))
    }
}
