import Glibc
import Telemetry
import Testing

/// A UDP socket on a port of its own, as a StatsD server has it.
private final class Listener: Sendable {
    let port: UInt16
    private let descriptor: Int32

    struct Failure: Error {
        let code: Int32
    }

    init(version6: Bool) throws {
        let descriptor = socket(version6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let port: UInt16?
        if version6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_addr = in6addr_loopback
            port = bindToFreePort(descriptor, &address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            port = bindToFreePort(descriptor, &address)
        }
        guard let port else { throw Failure(code: errno) }
        self.descriptor = descriptor
        self.port = port
    }

    deinit {
        close(descriptor)
    }

    /// The next datagram, or nothing when none came within ten seconds.
    func receive() -> String {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 10_000) == 1 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 1500)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

/// Binds a socket to an address whose port is 0, and returns the port that it got.
private func bindToFreePort<Address>(_ socket: Int32, _ address: inout Address) -> UInt16? {
    var length = socklen_t(MemoryLayout<Address>.size)
    return unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            guard unsafe bind(socket, pointer, length) == 0, unsafe getsockname(socket, pointer, &length) == 0
            else { return nil }
            // The port comes first in the addresses of both versions.
            let (high, low) = unsafe (pointer.pointee.sa_data.0, pointer.pointee.sa_data.1)
            return UInt16(UInt8(bitPattern: high)) << 8 | UInt16(UInt8(bitPattern: low))
        }
    }
}

struct StatsDTests {
    @Test(arguments: [("127.0.0.1", false), ("::1", true), ("localhost", false)])
    func countersAndTimers_reachTheServer(host: String, version6: Bool) throws {
        let listener = try Listener(version6: version6)
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
        let listener = try Listener(version6: false)
        try StatsDSender(host: "127.0.0.1", port: listener.port, label: "").increment("a")
        #expect(listener.receive() == "a:1|c")
    }

    @Test func tags_cannotBreakOut() throws {
        let listener = try Listener(version6: false)
        let sender = try StatsDSender(host: "127.0.0.1", port: listener.port, label: "m:x|")
        sender.increment("a", tags: ["k|": "v,w:1|c\nb:1|c#@"])
        #expect(listener.receive() == "m_x_.a:1|c|#k_:v_w_1_c_b_1_c__")
    }

    @Test func missingServer_costsNothing() throws {
        // The port is free again once the listener is gone.
        let port = try Listener(version6: false).port
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
