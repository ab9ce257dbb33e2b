package import Bytes
internal import Glibc

extension IPAddress {
    /// The address family of a socket.
    package enum Family: Sendable {
        case version4, version6

        var rawValue: Int32 {
            switch self {
            case .version4: AF_INET
            case .version6: AF_INET6
            }
        }
    }

    package var family: Family {
        switch self {
        case .version4: .version4
        case .version6: .version6
        }
    }
}

extension SocketAddress {
    /// Calls `body` with the address as a `sockaddr`.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch address {
        case .version4(let address):
            var kernel = sockaddr_in()
            kernel.sin_family = sa_family_t(AF_INET)
            kernel.sin_port = port.bigEndian
            kernel.sin_addr.s_addr = address.bigEndian
            return unsafe lend(kernel, body)
        case .version6(let upper, let lower):
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
            // `sockaddr_in` and `sockaddr_in6` begin with the family, as every `sockaddr` does
            // (sockaddr(3type)).
            unsafe kernel.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<Kernel>.size))
            }
        }
    }

    /// Memory for an address that the kernel fills in.
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

        /// The address that the kernel has filled in. Sockets created here are IPv4 or IPv6.
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
