/// An IPv4 or IPv6 address as a value of fixed size.
package enum IPAddress: Hashable, Sendable {
    /// The four bytes, most significant first.
    case version4(UInt32)
    /// The upper and the lower eight bytes, most significant first.
    case version6(UInt64, UInt64)

    /// Parses a numeric address without brackets or zone, such as `127.0.0.1` or `::1`. Nil for anything
    /// else, names included.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let span = bytes.span
        if let address = Self.version4(span, range: 0..<span.count) {
            self = .version4(address)
        } else if let (upper, lower) = Self.version6(span, range: 0..<span.count) {
            self = .version6(upper, lower)
        } else {
            return nil
        }
    }

    /// Parses four decimal numbers from 0 to 255 without leading zeros, separated by dots (RFC 3986 section
    /// 3.2.2). Nil for anything else.
    package static func version4(_ bytes: Span<UInt8>, range: Range<Int>) -> UInt32? {
        var address: UInt32 = 0
        var numbers = 0
        var position = range.lowerBound
        while numbers < 4 {
            guard let number = decimalOctet(bytes, &position, range.upperBound) else { return nil }
            address = address << 8 | UInt32(number)
            numbers += 1
            if numbers == 4 { break }
            guard position < range.upperBound, bytes[position] == UInt8(ascii: ".") else { return nil }
            position += 1
        }
        return position == range.upperBound ? address : nil
    }

    private static func decimalOctet(_ bytes: Span<UInt8>, _ position: inout Int, _ end: Int) -> Int? {
        let start = position
        var value = 0
        while position < end, let digit = bytes[position].decimalValue {
            // Some parsers read a number with a leading zero as octal.
            guard position == start || value > 0 else { return nil }
            value = value * 10 + digit
            guard value <= 255 else { return nil }
            position += 1
        }
        return position > start ? value : nil
    }

    /// Parses eight groups of one to four hexadecimal digits. One run of groups may be `::`, and the last two
    /// groups may be an IPv4 address (RFC 3986 section 3.2.2). Nil for anything else. Returns the upper and
    /// the lower eight bytes.
    package static func version6(_ bytes: Span<UInt8>, range: Range<Int>) -> (UInt64, UInt64)? {
        var groups = Groups()
        var position = range.lowerBound
        while position < range.upperBound {
            if bytes[position] == UInt8(ascii: ":") {
                guard groups.compress(bytes, &position, range) else { return nil }
                continue
            }
            guard groups.append(bytes, &position, range.upperBound) else { return nil }
            guard position < range.upperBound else { break }
            guard bytes[position] == UInt8(ascii: ":"), position + 1 < range.upperBound else { return nil }
            position += 1
        }
        return groups.address
    }

    /// The groups of an IPv6 address before and after `::`.
    private struct Groups {
        private var values = InlineArray<8, UInt16>(repeating: 0)
        private var count = 0
        private var compressedAt: Int?

        /// Parses `::`, from its second colon, or from its first one at the start of the text.
        mutating func compress(_ bytes: Span<UInt8>, _ position: inout Int, _ range: Range<Int>) -> Bool {
            if position == range.lowerBound {
                position += 1
                guard position < range.upperBound, bytes[position] == UInt8(ascii: ":") else { return false }
            }
            guard compressedAt == nil else { return false }
            compressedAt = count
            position += 1
            return true
        }

        /// Parses one group, or an IPv4 address that ends the text.
        mutating func append(_ bytes: Span<UInt8>, _ position: inout Int, _ end: Int) -> Bool {
            let start = position
            var value = 0
            while position < end, let digit = bytes[position].hexadecimalValue {
                guard position - start < 4 else { return false }
                value = value << 4 | digit
                position += 1
            }
            if position < end, bytes[position] == UInt8(ascii: ".") {
                guard let address = IPAddress.version4(bytes, range: start..<end), count <= 6 else {
                    return false
                }
                values[count] = UInt16(address >> 16)
                values[count + 1] = UInt16(truncatingIfNeeded: address)
                count += 2
                position = end
                return true
            }
            guard position > start, count < 8 else { return false }
            values[count] = UInt16(value)
            count += 1
            return true
        }

        var address: (UInt64, UInt64)? {
            guard let compressedAt else { return count == 8 ? joined(values) : nil }
            guard count < 8 else { return nil }
            var expanded = InlineArray<8, UInt16>(repeating: 0)
            for index in 0..<compressedAt { expanded[index] = values[index] }
            for index in compressedAt..<count { expanded[index + 8 - count] = values[index] }
            return joined(expanded)
        }

        private func joined(_ values: InlineArray<8, UInt16>) -> (UInt64, UInt64) {
            var halves: (UInt64, UInt64) = (0, 0)
            for index in 0..<4 {
                halves.0 = halves.0 << 16 | UInt64(values[index])
                halves.1 = halves.1 << 16 | UInt64(values[index + 4])
            }
            return halves
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The text form (RFC 5952 for IPv6), without brackets. An IPv4-mapped address, as a dual-stack listener
    /// reports for IPv4 clients, is rendered as IPv4 (RFC 4291 section 2.5.5.2).
    package var description: String {
        switch self {
        case .version4(let address): Self.dotted(address)
        case .version6(0, let lower) where lower >> 32 == 0xFFFF:
            Self.dotted(UInt32(truncatingIfNeeded: lower))
        case .version6(let upper, let lower): Self.colons(upper, lower)
        }
    }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 0xFF).\(address >> 8 & 0xFF).\(address & 0xFF)"
    }

    private static func colons(_ upper: UInt64, _ lower: UInt64) -> String {
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? upper : lower) >> (48 - 16 * UInt64(index % 4)))
        }
        func joined(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let zeros = longestZeroRun(in: groups) else { return joined(groups[...]) }
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
