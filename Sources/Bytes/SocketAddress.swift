/// An IP address and a TCP port.
package struct SocketAddress: Hashable, Sendable {
    package let address: IPAddress
    package let port: UInt16

    package init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Creates an address from an IPv4 address, most significant byte first, and a port.
    package static func version4(_ address: UInt32, port: UInt16) -> SocketAddress {
        SocketAddress(.version4(address), port: port)
    }

    /// Creates an address from the upper and the lower eight bytes of an IPv6 address, most significant byte
    /// first, and a port.
    package static func version6(_ upper: UInt64, _ lower: UInt64, port: UInt16) -> SocketAddress {
        SocketAddress(.version6(upper, lower), port: port)
    }

    /// Parses a numeric address, such as `127.0.0.1`, `::1` or `[::1]`. Nil for anything else, names
    /// included.
    package init?(_ text: String, port: UInt16) {
        // Brackets are for IPv6 alone (RFC 3986 section 3.2.2).
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        guard let address = IPAddress(isBracketed ? text.dropFirst().dropLast() : text[...]) else {
            return nil
        }
        if isBracketed, case .version4 = address { return nil }
        self.init(address, port: port)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:8000` or `[::1]:8000`, as in a URL.
    package var description: String {
        switch address {
        case .version4: "\(address):\(port)"
        case .version6: "[\(address)]:\(port)"
        }
    }
}
