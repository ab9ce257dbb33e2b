/// The address of the peer of a connection, in a form that costs a few bytes until somebody wants its text.
package enum RemoteAddress: Hashable, Sendable {
    /// The four bytes in network order, most significant first, and the port.
    case version4(UInt32, port: UInt16)
    /// The upper and lower eight bytes, most significant first, and the port.
    case version6(UInt64, UInt64, port: UInt16)
}

extension RemoteAddress: CustomStringConvertible {
    /// The address alone, in the usual text form (RFC 5952 for IPv6), without the port.
    package var description: String {
        switch self {
        case .version4(let address, _):
            return Self.dotted(address)
        case .version6(let upper, let lower, _):
            // An IPv4 client of a dual-stack listener is shown as what it is (RFC 4291 section 2.5.5.2).
            if upper == 0, lower >> 32 == 0xFFFF { return Self.dotted(UInt32(truncatingIfNeeded: lower)) }
            return Self.colons(upper, lower)
        }
    }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 0xFF).\(address >> 8 & 0xFF).\(address & 0xFF)"
    }

    private static func colons(_ upper: UInt64, _ lower: UInt64) -> String {
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? upper : lower) >> (48 - 16 * UInt64(index % 4)))
        }
        let zeros = longestZeroRun(in: groups)
        func joined(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let zeros else { return joined(groups[...]) }
        return joined(groups[..<zeros.lowerBound]) + "::" + joined(groups[zeros.upperBound...])
    }

    /// RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equals.
    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int>? {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        return longest.count >= 2 ? longest : nil
    }
}
