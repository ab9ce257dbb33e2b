import Telemetry
import TestSupport
import Testing

struct StatsDTests {
    @Test(arguments: [("127.0.0.1", false), ("::1", true), ("localhost", false)])
    func countersAndTimers_reachTheServer(host: String, version6: Bool) throws {
        let listener = try DatagramListener(version6: version6)
        let sender = try StatsDSender(host: host, port: listener.port, label: "megaphone")
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

    @Test func emptyLabel_leavesTheNameAlone() throws {
        let listener = try DatagramListener(version6: false)
        try StatsDSender(host: "127.0.0.1", port: listener.port, label: "").increment("a")
        #expect(listener.receive() == "a:1|c")
    }

    @Test func tags_cannotBreakOut() throws {
        let listener = try DatagramListener(version6: false)
        let sender = try StatsDSender(host: "127.0.0.1", port: listener.port, label: "m:x|")
        sender.increment("a", tags: ["k|": "v,w:1|c\nb:1|c#@"])
        #expect(listener.receive() == "m_x_.a:1|c|#k_:v_w_1_c_b_1_c__")
    }

    @Test func missingServer_costsNothing() throws {
        // The port is free again once the listener is gone.
        let port = try DatagramListener(version6: false).port
        let sender = try StatsDSender(host: "127.0.0.1", port: port, label: "m")
        for _ in 0..<1000 { sender.increment("a") }
    }

    @Test func unknownHost_isNamedInTheError() {
        // No label of a name is longer than 63 characters, so that nobody needs to be asked.
        let host = String(repeating: "x", count: 64) + ".invalid"
        let error = #expect(throws: StatsDSender.StartError.self) {
            try StatsDSender(host: host, port: 8125, label: "m")
        }
        #expect(error?.description.hasPrefix("no StatsD server at \(host) port 8125: ") == true)
    }
}
