internal import Bytes
internal import EventLoop

/// A listening socket of one worker.
///
/// Every worker has its own on the same port, and the kernel spreads new connections over them, so that no
/// lock and no hand-over stands between a client and its loop. A second process may join the port for a
/// rolling restart.
final class Listener: Sendable {
    let descriptor: FileDescriptor

    /// Connections that may wait to be accepted. The kernel caps it at `net.core.somaxconn`, 4096 by default.
    private static let backlog: Int32 = 4096

    init(address: SocketAddress, system: SystemCalls) throws(SystemError) {
        descriptor = try system.socket(address.address.family)
        try system.setOption(descriptor, .reuseAddress, 1)
        // Accepted sockets inherit it (tcp(7)).
        try system.setOption(descriptor, .noDelay, 1)
        try system.setOption(descriptor, .reusePort, 1)
        if case .version6 = address.address {
            // :: is every address of both kinds, whatever net.ipv6.bindv6only says.
            try system.setOption(descriptor, .version6Only, 0)
        }
        try system.bind(descriptor, to: address)
        try system.listen(descriptor, backlog: Self.backlog)
    }
}
