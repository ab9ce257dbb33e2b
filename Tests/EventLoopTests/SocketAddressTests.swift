import Bytes
import EventLoop
import Testing

@Suite(.timeLimit(.minutes(1))) struct SocketAddressTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func boundSocket_reportsItsAddress_withTheChosenPort(host: String) throws {
        let system = SystemCalls()
        let address = try #require(SocketAddress(host, port: 0))
        let socket = try system.socket(address.address.family)
        try system.bind(socket, to: address)
        let bound = try system.localAddress(socket)
        #expect(bound.port != 0)
        #expect(bound.address == address.address)
    }
}
