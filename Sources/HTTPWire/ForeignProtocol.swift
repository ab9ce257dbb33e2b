internal import Bytes
internal import HTTP

/// Returns why a connection does not begin with a request, if its first bytes are those of another protocol
/// that a misconfigured proxy or client sends to this port. Nil for other bytes.
func foreignProtocol(_ bytes: Span<UInt8>, range: Range<Int>) -> Refusal? {
    guard let first = range.first else { return nil }
    // RFC 8446 section 5.1: the type of a record with a handshake message.
    if bytes[first] == 0x16 { return .malformed("TLS on a port for plain HTTP") }
    // The signature of version 2 begins with two empty lines; one of them may have been skipped.
    let isProxy =
        starts(bytes, range, with: "PROXY TCP") || starts(bytes, range, with: "PROXY UNKNOWN")
        || starts(bytes, range, with: "\r\n\0\r\nQUIT\n")
    return isProxy ? .malformed("PROXY protocol on a port for plain HTTP") : nil
}

private func starts(_ bytes: Span<UInt8>, _ range: Range<Int>, with text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    return range.count >= count
        && bytes.equals(text, in: range.lowerBound..<(range.lowerBound + count))
}
