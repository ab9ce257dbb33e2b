import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import HTTPServer

/// Which listeners may share a port.
@Suite struct ListenerTests {
    private let system = SystemCalls()

    private func listener(_ host: String, _ port: UInt16, _ use: PortUse) throws -> Listener {
        try Listener(address: #require(SocketAddress(host, port: port)), use: use, system: system)
    }

    private func port(of listener: Listener) throws -> UInt16 {
        try system.localAddress(listener.descriptor).port
    }

    /// Wildcard and loopback addresses overlap. So do IPv4 addresses and `::`, which accepts both families.
    @Test(arguments: [PortUse.exclusive, .exclusiveThenShared, .shared], ["127.0.0.1", "0.0.0.0", "::"])
    func portInUse_isRejected_atEveryAddress(use: PortUse, host: String) throws {
        let first = try listener(host, 0, use)
        let port = try port(of: first)
        for other in ["127.0.0.1", "0.0.0.0", "::"] {
            for newUse in [PortUse.exclusive, .exclusiveThenShared] {
                #expect(throws: SystemError(.bind, EADDRINUSE)) {
                    _ = try listener(other, port, newUse)
                }
            }
        }
        withExtendedLifetime(first) {}
    }

    @Test func exclusivePort_rejectsSharingListeners() throws {
        let first = try listener("127.0.0.1", 0, .exclusive)
        let port = try port(of: first)
        #expect(throws: SystemError(.bind, EADDRINUSE)) { _ = try listener("127.0.0.1", port, .shared) }
        withExtendedLifetime(first) {}
    }

    @Test(arguments: [PortUse.exclusiveThenShared, .shared], ["127.0.0.1", "::"])
    func connections_areDistributed_overTheListenersOfAPort(use: PortUse, host: String) throws {
        let first = try listener(host, 0, use)
        let port = try port(of: first)
        let listeners = try [first] + (0..<3).map { _ in try listener(host, port, .shared) }
        let clients = try (0..<200).map { _ in try Client(.version4(0x7F00_0001, port: port)) }
        let counts = listeners.map { listener in
            var peer = SocketAddress.version4(0, port: 0)
            var count = 0
            while (try? system.accept(listener.descriptor, peer: &peer)) != nil { count += 1 }
            return count
        }
        #expect(counts.reduce(0, +) == 200)
        // Each listener gets 50 on average. That one gets fewer than 10 has a probability of 3·10⁻¹⁴.
        #expect(counts.allSatisfy { $0 >= 10 }, "\(counts)")
        withExtendedLifetime(clients) {}
    }
}
