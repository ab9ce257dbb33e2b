internal import Glibc

/// Where to listen or to connect to: an IPv4 or IPv6 address and a port.
package enum SocketAddress: Hashable, Sendable {
    /// Most significant byte first.
    case version4(UInt32, port: UInt16)
    /// Upper and lower eight bytes, most significant first.
    case version6(UInt64, UInt64, port: UInt16)

    /// The kind of address, which a socket is made for.
    package enum Family: Sendable {
        case version4, version6

        var rawValue: Int32 {
            switch self {
            case .version4: AF_INET
            case .version6: AF_INET6
            }
        }
    }

    /// Reads a numeric address, such as `127.0.0.1`, `::1` or `[::1]`. Nil for anything else, names included.
    package init?(_ text: String, port: UInt16) {
        var version4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &version4) == 1 {
            self = .version4(UInt32(bigEndian: version4.s_addr), port: port)
            return
        }
        // Brackets are for IPv6 alone (RFC 3986 section 3.2.2).
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var version6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, bare, &version6) == 1 else { return nil }
        let (upper, lower) = version6.halves
        self = .version6(upper, lower, port: port)
    }

    package var family: Family {
        switch self {
        case .version4: .version4
        case .version6: .version6
        }
    }

    package var port: UInt16 {
        switch self {
        case .version4(_, let port), .version6(_, _, let port): port
        }
    }

    /// The same address with another port.
    package func with(port: UInt16) -> SocketAddress {
        switch self {
        case .version4(let address, _): .version4(address, port: port)
        case .version6(let upper, let lower, _): .version6(upper, lower, port: port)
        }
    }

    /// Lends the kernel's form of the address.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .version4(let address, let port):
            var kernel = sockaddr_in()
            kernel.sin_family = sa_family_t(AF_INET)
            kernel.sin_port = port.bigEndian
            kernel.sin_addr.s_addr = address.bigEndian
            return unsafe lend(kernel, body)
        case .version6(let upper, let lower, let port):
            var kernel = sockaddr_in6()
            kernel.sin6_family = sa_family_t(AF_INET6)
            kernel.sin6_port = port.bigEndian
            kernel.sin6_addr.halves = (upper, lower)
            return unsafe lend(kernel, body)
        }
    }

    private func lend<Kernel, Result>(
        _ kernel: Kernel, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: kernel) { kernel in
            // The kernel's structures begin with the family, as every sockaddr does (sockaddr(3type)).
            unsafe kernel.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<Kernel>.size))
            }
        }
    }

    /// Room for an address that the kernel fills in.
    struct Storage {
        private var storage = sockaddr_storage()
        private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

        mutating func withSockaddr<Result>(
            _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
        ) -> Result {
            unsafe withUnsafeMutablePointer(to: &storage) { storage in
                unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe withUnsafeMutablePointer(to: &length) { unsafe body(address, $0) }
                }
            }
        }

        /// The address filled in. A family other than IPv4 and IPv6 cannot come from a socket made here.
        var address: SocketAddress {
            unsafe withUnsafeBytes(of: storage) { bytes in
                if storage.ss_family == sa_family_t(AF_INET) {
                    let kernel = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                    return .version4(
                        UInt32(bigEndian: kernel.sin_addr.s_addr), port: UInt16(bigEndian: kernel.sin_port))
                }
                let kernel = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                let (upper, lower) = kernel.sin6_addr.halves
                return .version6(upper, lower, port: UInt16(bigEndian: kernel.sin6_port))
            }
        }
    }
}

extension in6_addr {
    /// The address as two numbers, most significant byte first.
    fileprivate var halves: (upper: UInt64, lower: UInt64) {
        get {
            unsafe withUnsafeBytes(of: self) { bytes in
                (
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }
        set {
            unsafe withUnsafeMutableBytes(of: &self) { bytes in
                unsafe bytes.storeBytes(of: newValue.upper.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: newValue.lower.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
        }
    }
}

/// The socket options this house sets.
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
