internal import Glibc

/// A UDP socket on its own port, in place of a StatsD server.
package final class DatagramListener: Sendable {
    /// The port that the kernel chose.
    package let port: UInt16
    private let descriptor: Int32

    /// A system call failed with the error number `code`.
    package struct Failure: Error {
        let code: Int32
    }

    /// Listens on the loopback address of IPv6 or IPv4.
    package init(version6: Bool = false) throws {
        let descriptor = socket(version6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let port: UInt16?
        if version6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_addr = in6addr_loopback
            port = bindToFreePort(descriptor, &address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            port = bindToFreePort(descriptor, &address)
        }
        guard let port else { throw Failure(code: errno) }
        self.descriptor = descriptor
        self.port = port
    }

    deinit {
        close(descriptor)
    }

    /// Returns the next datagram, or an empty string if none arrives within ten seconds.
    package func receive() -> String {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 10_000) == 1 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 1500)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

/// Binds a socket to an address with port 0, and returns the port that the kernel chose.
private func bindToFreePort<Address>(_ socket: Int32, _ address: inout Address) -> UInt16? {
    var length = socklen_t(MemoryLayout<Address>.size)
    return unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            guard unsafe bind(socket, pointer, length) == 0, unsafe getsockname(socket, pointer, &length) == 0
            else { return nil }
            // In the addresses of both versions, the port follows the family.
            let (high, low) = unsafe (pointer.pointee.sa_data.0, pointer.pointee.sa_data.1)
            return UInt16(UInt8(bitPattern: high)) << 8 | UInt16(UInt8(bitPattern: low))
        }
    }
}
