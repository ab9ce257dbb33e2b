import EventLoop
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", SocketAddress.version4(0x7F00_0001, port: 80)),
        ("::1", .version6(0, 1, port: 80)),
        ("[::1]", .version6(0, 1, port: 80)),
        ("2001:db8::ff00:42:8329", .version6(0x2001_0DB8_0000_0000, 0x0000_FF00_0042_8329, port: 80)),
    ])
    func address_isRead_whenNumeric(text: String, expected: SocketAddress) {
        #expect(SocketAddress(text, port: 80) == expected)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "256.0.0.1", "[127.0.0.1", "[127.0.0.1]", ":::", "127.0.0.1 ",
    ])
    func address_isRefused_whenNotNumeric(text: String) {
        #expect(SocketAddress(text, port: 80) == nil)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func boundSocket_reportsItsAddress_withTheChosenPort(host: String) throws {
        let system = SystemCalls()
        let address = try #require(SocketAddress(host, port: 0))
        let socket = try system.socket(address.family)
        try system.bind(socket, to: address)
        let bound = try system.localAddress(socket)
        #expect(bound.port != 0)
        #expect(bound == address.with(port: bound.port))
    }
}
