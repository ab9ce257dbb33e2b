internal import Bytes
internal import HTTP

/// Finds the end of a request's head in bytes that arrive in arbitrary pieces. Does not read scanned bytes
/// again.
///
/// It also rejects control characters that are not allowed in a head, so that for the parser, every carriage
/// return ends a line. Positions count from the first byte of the head.
///
/// Invariant: `requestLineEnd <= scanned <= maximum` of the head's bytes.
struct HeadScanner {
    private(set) var scanned: UInt32 = 0
    /// Where the line after the request line begins; 0 while the request line is incomplete.
    private(set) var requestLineEnd: UInt32 = 0

    /// Scans to the end of the request line.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - head: From the beginning of the head to the end of the received bytes.
    ///   - maximum: Maximum size of the whole head in bytes.
    /// - Returns: The position after the request line, or nil if more bytes are needed.
    /// - Throws: 400, or 414 if the maximum is reached.
    mutating func findRequestLine(
        in bytes: Span<UInt8>, head: Range<Int>, maximum: Int
    ) throws(Refusal) -> Int? {
        if requestLineEnd > 0 { return head.lowerBound + Int(requestLineEnd) }
        guard let end = try findLineEnd(in: bytes, head: head, maximum: maximum) else {
            if head.count >= maximum { throw .targetTooLong }
            return nil
        }
        requestLineEnd = scanned
        return end
    }

    /// Scans to the empty line that ends the head. The request line must have been found.
    ///
    /// - Returns: The position after the empty line, or nil if more bytes are needed.
    /// - Throws: 400, or 431 if the maximum is reached.
    mutating func findEnd(
        in bytes: Span<UInt8>, head: Range<Int>, maximum: Int
    ) throws(Refusal) -> Int? {
        while true {
            let start = head.lowerBound + Int(scanned)
            guard let end = try findLineEnd(in: bytes, head: head, maximum: maximum) else {
                if head.count >= maximum { throw .fieldsTooLarge }
                return nil
            }
            if end - start == 2 && bytes[start - 1] == .lineFeed { return end }
        }
    }

    /// RFC 9112 section 2.2: lines end with CR LF. A bare CR or LF is rejected, because a proxy in front of
    /// this server may interpret it differently.
    private mutating func findLineEnd(
        in bytes: Span<UInt8>, head: Range<Int>, maximum: Int
    ) throws(Refusal) -> Int? {
        let end = min(head.upperBound, head.lowerBound + maximum)
        var position = head.lowerBound + Int(scanned)
        defer { scanned = UInt32(truncatingIfNeeded: position - head.lowerBound) }
        while true {
            position = bytes.firstControl(from: position, to: end)
            guard position < end else { return nil }
            let byte = bytes[position]
            if byte == .carriageReturn {
                guard position + 1 < end else { return nil }
                guard bytes[position + 1] == .lineFeed else {
                    throw .malformed("carriage return within a line")
                }
                position += 2
                return position
            } else if byte == .horizontalTab && requestLineEnd > 0 {
                position += 1
            } else {
                throw byte == .lineFeed
                    ? .malformed("line feed without carriage return")
                    : .malformed("control character in the head")
            }
        }
    }
}
