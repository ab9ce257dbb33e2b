internal import Glibc

/// The socket options that the service sets.
package enum SocketOption: Sendable {
    /// A listener may bind while old connections of its port linger.
    case reuseAddress
    /// Several listeners share one port, and the kernel spreads connections over them.
    case reusePort
    /// Whether a socket of IPv6 leaves IPv4 alone, when it is 1 (RFC 3493 section 5.3).
    case version6Only
    /// Small writes go out at once (RFC 9293 section 3.7.4).
    case noDelay

    var levelAndName: (level: Int32, name: Int32) {
        switch self {
        case .reuseAddress: (SOL_SOCKET, SO_REUSEADDR)
        case .reusePort: (SOL_SOCKET, SO_REUSEPORT)
        case .version6Only: (Int32(IPPROTO_IPV6), IPV6_V6ONLY)
        case .noDelay: (Int32(IPPROTO_TCP), TCP_NODELAY)
        }
    }
}
