/// Whether a range is `uri-host [ ":" port ]` (RFC 9110 section 7.2). A Host field may be empty, an authority
/// not; that is the caller's to check. User information is refused with all else that is not in the grammar
/// (RFC 9110 section 4.2.4).
func isValidHost(_ bytes: Span<UInt8>, range: Range<Int>) -> Bool {
    guard let first = range.first else { return true }
    let hostEnd: Int?
    if bytes[first] == UInt8(ascii: "[") {
        hostEnd = endOfIPLiteral(bytes, range: range)
    } else {
        hostEnd = endOfRegisteredName(bytes, range: range)
    }
    guard let hostEnd, hostEnd > first else { return false }
    guard hostEnd < range.upperBound else { return true }
    return bytes[hostEnd] == UInt8(ascii: ":") && isPort(bytes, range: (hostEnd + 1)..<range.upperBound)
}

/// `*( unreserved / pct-encoded / sub-delims )` (RFC 3986 section 3.2.2), which IPv4 addresses are part of.
private func endOfRegisteredName(_ bytes: Span<UInt8>, range: Range<Int>) -> Int {
    let name = ByteSet.registeredName
    var position = range.lowerBound
    while position < range.upperBound {
        if name.contains(bytes[position]) {
            position += 1
        } else if isPercentEncoded(bytes, at: position, end: range.upperBound) {
            position += 3
        } else {
            break
        }
    }
    return position
}

/// `*DIGIT` (RFC 3986 section 3.2.3), and no more than a port can be. It may be empty.
private func isPort(_ bytes: Span<UInt8>, range: Range<Int>) -> Bool {
    var port = 0
    for position in range {
        guard let digit = bytes[position].decimalValue else { return false }
        port = port * 10 + digit
        guard port <= 65535 else { return false }
    }
    return true
}

/// The position after `"[" IPv6address "]"` (RFC 3986 section 3.2.2), or nil. No later version of IP literals
/// is defined, so none is accepted.
private func endOfIPLiteral(_ bytes: Span<UInt8>, range: Range<Int>) -> Int? {
    var close = range.lowerBound
    while close < range.upperBound, bytes[close] != UInt8(ascii: "]") { close += 1 }
    guard close < range.upperBound else { return nil }
    return isIPv6Address(bytes, range: (range.lowerBound + 1)..<close) ? close + 1 : nil
}

/// Eight groups of one to four hexadecimal digits; one run of zero groups may be `::`, and the last two
/// groups may be an IPv4 address (RFC 3986 section 3.2.2).
private func isIPv6Address(_ bytes: Span<UInt8>, range: Range<Int>) -> Bool {
    let colon = UInt8(ascii: ":")
    var groups = 0
    var isCompressed = false
    var position = range.lowerBound
    while position < range.upperBound {
        if bytes[position] == colon {
            // A colon here is the second of `::`, or the first at the very start.
            let isAtStart = position == range.lowerBound
            if isAtStart {
                position += 1
                guard position < range.upperBound, bytes[position] == colon else { return false }
            }
            guard !isCompressed else { return false }
            isCompressed = true
            position += 1
            continue
        }
        let start = position
        while position < range.upperBound, bytes[position].hexadecimalValue != nil { position += 1 }
        if position < range.upperBound, bytes[position] == UInt8(ascii: ".") {
            guard isIPv4Address(bytes, range: start..<range.upperBound) else { return false }
            groups += 2
            position = range.upperBound
            break
        }
        guard (1...4).contains(position - start) else { return false }
        groups += 1
        guard position < range.upperBound else { break }
        guard bytes[position] == colon else { return false }
        position += 1
        guard position < range.upperBound else { return false }
    }
    return isCompressed ? groups <= 7 : groups == 8
}

/// Four decimal numbers up to 255 without leading zeros, with dots between (RFC 3986 section 3.2.2).
private func isIPv4Address(_ bytes: Span<UInt8>, range: Range<Int>) -> Bool {
    var numbers = 1
    var value = 0
    var digits = 0
    for position in range {
        if bytes[position] == UInt8(ascii: ".") {
            guard digits > 0 else { return false }
            numbers += 1
            (value, digits) = (0, 0)
        } else {
            guard let digit = bytes[position].decimalValue, !(digits > 0 && value == 0) else { return false }
            value = value * 10 + digit
            digits += 1
            guard value <= 255 else { return false }
        }
    }
    return numbers == 4 && digits > 0
}
