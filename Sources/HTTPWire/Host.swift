internal import Bytes

/// Returns whether a range is `uri-host [ ":" port ]` (RFC 9110 section 7.2). An empty range is valid; the
/// caller checks whether it is allowed, as in Host but not in an authority. User information is rejected (RFC
/// 9110 section 4.2.4).
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

/// `*( unreserved / pct-encoded / sub-delims )` (RFC 3986 section 3.2.2), which includes IPv4 addresses.
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

/// `*DIGIT` (RFC 3986 section 3.2.3), at most 65535. It may be empty.
private func isPort(_ bytes: Span<UInt8>, range: Range<Int>) -> Bool {
    var port = 0
    for position in range {
        guard let digit = bytes[position].decimalValue else { return false }
        port = port * 10 + digit
        guard port <= 65535 else { return false }
    }
    return true
}

/// Returns the position after `"[" IPv6address "]"` (RFC 3986 section 3.2.2), or nil. Later versions of IP
/// literals are rejected, because none is defined.
private func endOfIPLiteral(_ bytes: Span<UInt8>, range: Range<Int>) -> Int? {
    var close = range.lowerBound
    while close < range.upperBound, bytes[close] != UInt8(ascii: "]") { close += 1 }
    guard close < range.upperBound else { return nil }
    return IPAddress.version6(bytes, range: (range.lowerBound + 1)..<close) != nil ? close + 1 : nil
}
