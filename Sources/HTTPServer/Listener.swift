internal import Bytes
internal import EventLoop

/// Who else may listen on a listener's port.
enum PortUse: Sendable {
    /// Nobody. A port that anything else listens on is refused, an overlapping wildcard address included.
    case exclusive
    /// The same at first; then the listeners of the other loops may join.
    case exclusiveThenShared
    /// Every process of the same user that asks for this as well.
    case shared
}

/// A listening socket of one loop.
///
/// Every loop has its own on the same port, and the kernel spreads new connections over them, so that no lock
/// and no hand-over stands between a client and its loop.
final class Listener: Sendable {
    let descriptor: FileDescriptor

    /// Connections that may wait to be accepted. The kernel caps it at `net.core.somaxconn`, 4096 by default.
    private static let backlog: Int32 = 4096

    init(
        address: SocketAddress, use: PortUse = .exclusive, system: SystemCalls
    ) throws(SystemError) {
        descriptor = try system.socket(address.address.family)
        try system.setOption(descriptor, .reuseAddress, 1)
        // Accepted sockets inherit it (tcp(7)).
        try system.setOption(descriptor, .noDelay, 1)
        if use == .shared { try system.setOption(descriptor, .reusePort, 1) }
        if case .version6 = address.address {
            // :: is every address of both kinds, whatever net.ipv6.bindv6only says.
            try system.setOption(descriptor, .version6Only, 0)
        }
        try system.bind(descriptor, to: address)
        try system.listen(descriptor, backlog: Self.backlog)
        // Not before listen: listen refuses the second of two processes that have both bound the port, but
        // only while neither has SO_REUSEPORT.
        if use == .exclusiveThenShared { try system.setOption(descriptor, .reusePort, 1) }
    }
}
