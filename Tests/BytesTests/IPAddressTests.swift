import Bytes
import Glibc
import TestSupport
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("127.0.0.1", SocketAddress.version4(0x7F00_0001, port: 80)),
        ("::1", .version6(0, 1, port: 80)),
        ("[::1]", .version6(0, 1, port: 80)),
        ("2001:db8::ff00:42:8329", .version6(0x2001_0DB8_0000_0000, 0x0000_FF00_0042_8329, port: 80)),
    ])
    func address_isParsed_whenNumeric(text: String, expected: SocketAddress) {
        #expect(SocketAddress(text, port: 80) == expected)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "256.0.0.1", "[127.0.0.1", "[127.0.0.1]", ":::", "127.0.0.1 ",
    ])
    func address_isRejected_whenNotNumeric(text: String) {
        #expect(SocketAddress(text, port: 80) == nil)
    }

    @Test(arguments: [
        "1:2:3:4:5:6:7:8", "::", "1::", "::8", "1::8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
        "::ffff:192.0.2.1",
        "1:2:3:4:5:6:192.0.2.1", "ABCD:ef01::",
    ])
    func version6_agreesWithInetPton(text: String) throws {
        #expect(try systemAddress(text) == #require(IPAddress(text)))
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::",
        "12345::", "g::", "::1.2.3", "::1.2.3.4.5", "1:2:3:4:5:6:7:1.2.3.4", "::256.1.1.1", "1.2.3.4::",
        "::1%lo",
    ])
    func version6_isRejected_asByInetPton(text: String) throws {
        #expect(IPAddress(text) == nil)
        #expect(throws: (any Error).self) { try systemAddress(text) }
    }

    @Test(arguments: [
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("0:0:0:0:0:0:0:0", "::"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.255", "192.0.2.255"),
    ])
    func description_hasTheFormOfRFC5952(text: String, expected: String) throws {
        #expect(try #require(IPAddress(text)).description == expected)
    }

    @Test(arguments: [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("[::]", "[::]:80")])
    func socketAddress_hasTheFormOfAURL(text: String, expected: String) throws {
        #expect(try #require(SocketAddress(text, port: 80)).description == expected)
    }

    /// `IPAddress` and inet_pton both parse the description back to the same address.
    @Test(arguments: TestSeed.drawn(4)) func description_parsesToTheSameAddress(seed: TestSeed) throws {
        var generator = seed.generator
        for _ in 0..<500 {
            // Half of the groups are zero, so that `::` is frequent.
            let groups = (0..<8).map { _ in
                Bool.random(using: &generator) ? 0 : UInt64.random(in: 0...0xFFFF, using: &generator)
            }
            let halves = [groups[..<4], groups[4...]].map { $0.reduce(0) { $0 << 16 | $1 } }
            // IPv4-mapped addresses are written as IPv4.
            if halves[0] == 0, halves[1] >> 32 == 0xFFFF { continue }
            let address = IPAddress.version6(halves[0], halves[1])
            #expect(IPAddress(address.description) == address)
            #expect(try systemAddress(address.description) == address)
        }
    }

    /// Parses an IPv6 address with inet_pton.
    private func systemAddress(_ text: String) throws -> IPAddress {
        struct Refused: Error {}
        var bytes = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { throw Refused() }
        let halves = [bytes[..<8], bytes[8...]].map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
        return .version6(halves[0], halves[1])
    }
}
