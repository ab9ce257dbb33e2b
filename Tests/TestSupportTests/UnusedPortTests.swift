import TestSupport
import Testing

@Suite struct UnusedPortTests {
    @Test func withUnusedPort_triesAnotherPort_whenOneIsInUse() throws {
        var ports: [UInt16] = []
        let port = try withUnusedPort { port in
            ports.append(port)
            guard ports.count == 3 else { throw PortInUse(port) }
            return port
        }
        #expect(ports.count == 3 && ports.last == port)
        #expect(ports.allSatisfy { (10_000..<30_000).contains($0) })
    }

    @Test func withUnusedPort_givesUp_whenAllAreInUse() {
        var tries = 0
        #expect(throws: PortInUse.self) {
            try withUnusedPort { port in
                tries += 1
                throw PortInUse(port)
            }
        }
        #expect(tries == 5)
    }

    @Test func withUnusedPort_throwsOtherErrors_atOnce() {
        struct Broken: Error {}
        var tries = 0
        #expect(throws: Broken.self) {
            try withUnusedPort { _ in
                tries += 1
                throw Broken()
            }
        }
        #expect(tries == 1)
    }
}
