internal import Glibc

/// The socket options that the service sets.
package enum SocketOption: Sendable {
    /// SO_REUSEADDR: a listener may bind while old connections of its port still exist.
    case reuseAddress
    /// SO_REUSEPORT: several listeners share one port, and the kernel distributes connections over them.
    case reusePort
    /// IPV6_V6ONLY: with 1, an IPv6 socket does not accept IPv4 (RFC 3493 section 5.3).
    case version6Only
    /// TCP_NODELAY: small writes are sent at once (RFC 9293 section 3.7.4).
    case noDelay
    /// SO_SNDBUF: how many bytes the kernel keeps that the peer has not acknowledged (socket(7)).
    case sendBuffer
    /// TCP_USER_TIMEOUT: after how many milliseconds without an acknowledgement a connection fails (RFC
    /// 5482).
    case userTimeout

    var levelAndName: (level: Int32, name: Int32) {
        switch self {
        case .reuseAddress: (SOL_SOCKET, SO_REUSEADDR)
        case .reusePort: (SOL_SOCKET, SO_REUSEPORT)
        case .version6Only: (Int32(IPPROTO_IPV6), IPV6_V6ONLY)
        case .noDelay: (Int32(IPPROTO_TCP), TCP_NODELAY)
        case .sendBuffer: (SOL_SOCKET, SO_SNDBUF)
        case .userTimeout: (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT)
        }
    }
}
