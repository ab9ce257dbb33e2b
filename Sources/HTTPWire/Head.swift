internal import Bytes
internal import HTTP

/// The parsed and checked head of one request.
///
/// Noncopyable, like its request line: both are only moved, which the compiler checks.
struct Head: ~Copyable {
    /// How the body after the head is delimited (RFC 9112 section 6.3).
    enum Framing: Equatable {
        case none
        /// A body of this many bytes, at least one. A length above `Int.max` is `Int.max`.
        case length(Int)
        case chunked
    }

    /// From the request line to after the empty line.
    let range: Range<Int>
    let requestLine: RequestLine
    let fieldLines: [Request.FieldLine]
    let framing: Framing
    /// Whether the connection is closed after the response (RFC 9112 section 9.3).
    let closesConnection: Bool
    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
    let expectsContinue: Bool
    /// Whether there is an expectation other than `100-continue`.
    let hasUnknownExpectation: Bool

    /// Parses the field lines of a complete head.
    ///
    /// - Parameters:
    ///   - requestLine: The request line of this head.
    ///   - bytes: The received bytes.
    ///   - range: From the request line to after the empty line.
    ///   - fieldsStart: Where the first field line begins.
    ///   - maximumCount: Maximum number of field lines.
    /// - Throws: 400, 431 or 501.
    init(
        requestLine: consuming RequestLine, _ bytes: Span<UInt8>, range: Range<Int>, fieldsStart: Int,
        maximumCount: Int
    ) throws(Refusal) {
        var fieldLines: [Request.FieldLine] = []
        fieldLines.reserveCapacity(min(maximumCount, Self.usualFieldCount))
        var control = ControlFields()
        var position = fieldsStart
        while bytes[position] != .carriageReturn {
            guard fieldLines.count < maximumCount else { throw .fieldsTooLarge }
            let line = try fieldLine(bytes, at: &position)
            try control.note(line, in: bytes)
            fieldLines.append(line)
        }
        let isHTTP10 = requestLine.version == .http10
        guard control.hasHost || isHTTP10 else { throw .malformed("Host is missing") }
        framing = try control.framing(isHTTP10: isHTTP10)
        self.range = range
        self.requestLine = requestLine
        self.fieldLines = fieldLines
        closesConnection = control.hasClose || (isHTTP10 && !control.hasKeepAlive)
        // RFC 9110 section 10.1.1: an expectation in HTTP/1.0 is ignored.
        expectsContinue = control.expectsContinue && !isHTTP10
        hasUnknownExpectation = control.hasUnknownExpectation && !isHTTP10
    }

    /// Initial capacity: enough for the fields of a browser, so that the array grows only for unusual
    /// requests.
    private static let usualFieldCount = 12
}

/// `field-name ":" OWS field-value OWS` (RFC 9112 section 5). Moves the position after the line's CR LF.
///
/// The scanner has rejected control characters, so only the name has to be checked. A line that begins with
/// white space has no name and is rejected: it is folded (section 5.2) or precedes the first field (section
/// 2.2).
private func fieldLine(
    _ bytes: Span<UInt8>, at position: inout Int
) throws(Refusal) -> Request.FieldLine {
    let token = ByteSet.token
    let nameStart = position
    while token.contains(bytes[position]) { position += 1 }
    // Section 5.1: no white space is allowed between the name and the colon.
    guard position > nameStart, bytes[position] == UInt8(ascii: ":") else {
        throw .malformed("invalid field name")
    }
    let name = nameStart..<position
    position += 1
    while bytes[position].isWhitespace { position += 1 }
    let valueStart = position
    position = bytes.firstControl(from: valueStart, to: bytes.count)
    while bytes[position] != .carriageReturn {
        // A tab within the value.
        position = bytes.firstControl(from: position + 1, to: bytes.count)
    }
    var valueEnd = position
    while valueEnd > valueStart, bytes[valueEnd - 1].isWhitespace { valueEnd -= 1 }
    position += 2
    return Request.FieldLine(name: name, value: valueStart..<valueEnd)
}
