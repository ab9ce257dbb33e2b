internal import Bytes
internal import EventLoop

/// Which other listeners a listener's port may have.
enum PortUse: Sendable {
    /// None. Listening fails if anything else listens on the port, an overlapping wildcard address included.
    case exclusive
    /// None until this one listens; then the listeners of the other loops may join.
    case exclusiveThenShared
    /// Those of every process of the same user that also use `shared`.
    case shared
}

/// A listening socket of one loop.
///
/// Each loop has its own on the same port, and the kernel distributes new connections over them, so that
/// accepting one needs neither a lock nor a handover between threads.
final class Listener: Sendable {
    let descriptor: FileDescriptor

    /// Maximum number of connections that wait to be accepted. The kernel caps it at `net.core.somaxconn`,
    /// 4096 by default.
    static let backlog: Int32 = 4096

    init(
        address: SocketAddress, use: PortUse = .exclusive, system: SystemCalls
    ) throws(SystemError) {
        descriptor = try system.socket(address.address.family)
        try system.setOption(descriptor, .reuseAddress, 1)
        // Accepted sockets inherit this option (tcp(7)).
        try system.setOption(descriptor, .noDelay, 1)
        if use == .shared { try system.setOption(descriptor, .reusePort, 1) }
        if case .version6 = address.address {
            // `::` means all IPv4 and IPv6 addresses, whatever net.ipv6.bindv6only says.
            try system.setOption(descriptor, .version6Only, 0)
        }
        try system.bind(descriptor, to: address)
        try system.listen(descriptor, backlog: Self.backlog)
        // Set after listen: listen fails for the second of two processes that have both bound the port, but
        // only if neither has SO_REUSEPORT.
        if use == .exclusiveThenShared { try system.setOption(descriptor, .reusePort, 1) }
    }
}
