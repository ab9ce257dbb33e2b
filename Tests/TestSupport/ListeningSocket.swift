package import Bytes
package import EventLoop

/// A listening TCP socket on loopback. It accepts connections and keeps its port in use.
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
