package import Bytes
package import EventLoop

/// A TCP socket on loopback that somebody may connect to, and on a port that nobody else can have meanwhile.
package struct ListeningSocket: ~Copyable {
    package let descriptor: FileDescriptor
    package let address: SocketAddress

    package init() throws {
        let system = SystemCalls()
        let socket = try system.socket(.version4)
        try system.bind(socket, to: .version4(0x7F00_0001, port: 0))
        try system.listen(socket, backlog: 1)
        address = try system.localAddress(socket)
        descriptor = socket
    }
}
