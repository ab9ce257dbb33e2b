internal import Bytes
internal import HTTP

/// The fields that control the connection and the framing, collected while the field lines are parsed.
struct ControlFields {
    private(set) var hasHost = false
    private(set) var hasClose = false
    private(set) var hasKeepAlive = false
    private(set) var expectsContinue = false
    private(set) var hasUnknownExpectation = false
    private var contentLength: Int?
    private var transferEncoding: TransferEncoding?

    private enum TransferEncoding {
        case chunked
        case unknown
    }

    /// Evaluates a line if it is one of these fields. Throws 400 for an invalid or repeated Host,
    /// Content-Length or Transfer-Encoding.
    mutating func note(_ line: Request.FieldLine, in bytes: Span<UInt8>) throws(Refusal) {
        switch line.name.count {
        case 4 where bytes.equalsIgnoringCase("host", in: line.name):
            try noteHost(line.value, bytes)
        case 6 where bytes.equalsIgnoringCase("expect", in: line.name):
            noteExpectation(line.value, bytes)
        case 10 where bytes.equalsIgnoringCase("connection", in: line.name):
            noteConnection(line.value, bytes)
        case 14 where bytes.equalsIgnoringCase("content-length", in: line.name):
            try noteContentLength(line.value, bytes)
        case 17 where bytes.equalsIgnoringCase("transfer-encoding", in: line.name):
            try noteTransferEncoding(line.value, bytes)
        default:
            break
        }
    }

    /// Returns the framing of the body (RFC 9112 section 6.3). Stricter where section 6.1 allows it: rejects
    /// a message with both fields, and Transfer-Encoding in HTTP/1.0, which HTTP/1.0 clients and proxies do
    /// not know.
    func framing(isHTTP10: Bool) throws(Refusal) -> Head.Framing {
        guard let transferEncoding else {
            guard let contentLength, contentLength > 0 else { return .none }
            return .length(contentLength)
        }
        guard contentLength == nil else { throw .malformed("Content-Length beside Transfer-Encoding") }
        guard !isHTTP10 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
        guard transferEncoding == .chunked else {
            throw .notImplemented("transfer coding other than chunked")
        }
        return .chunked
    }

    /// RFC 9112 section 3.2: more than one Host, or an invalid one, gets a 400.
    private mutating func noteHost(_ value: Range<Int>, _ bytes: Span<UInt8>) throws(Refusal) {
        guard !hasHost else { throw .malformed("more than one Host") }
        guard isValidHost(bytes, range: value) else { throw .malformed("invalid Host") }
        hasHost = true
    }

    /// `1*DIGIT` (RFC 9110 section 8.6), once. Lists and repetitions, even of equal values, are rejected. A
    /// length above `Int.max` is `Int.max`.
    private mutating func noteContentLength(
        _ value: Range<Int>, _ bytes: Span<UInt8>
    ) throws(Refusal) {
        guard contentLength == nil else { throw .malformed("more than one Content-Length") }
        guard !value.isEmpty else { throw .malformed("invalid Content-Length") }
        var length = 0
        for position in value {
            guard let digit = bytes[position].decimalValue else { throw .malformed("invalid Content-Length") }
            let (product, isTooLarge) = length.multipliedReportingOverflow(by: 10)
            length = isTooLarge || product > Int.max - digit ? Int.max : product + digit
        }
        contentLength = length
    }

    /// Exactly `chunked`, once (RFC 9112 section 6.1).
    ///
    /// Other codings, before `chunked` or alone, get a 501. A value that makes the length of the body
    /// ambiguous gets a 400: `chunked` repeated, not last, or with parameters (section 6.3), and an empty
    /// list.
    private mutating func noteTransferEncoding(
        _ value: Range<Int>, _ bytes: Span<UInt8>
    ) throws(Refusal) {
        guard transferEncoding == nil else { throw .malformed("more than one Transfer-Encoding") }
        if bytes.equalsIgnoringCase("chunked", in: value) {
            transferEncoding = .chunked
            return
        }
        var hasChunked = false
        var members = ListMembers(value)
        while let member = members.next(in: bytes) {
            let name = tokenPrefix(of: member, bytes)
            guard !name.isEmpty, !hasChunked else { throw .malformed("invalid Transfer-Encoding") }
            if bytes.equalsIgnoringCase("chunked", in: name) {
                guard name == member else { throw .malformed("invalid Transfer-Encoding") }
                hasChunked = true
            } else {
                transferEncoding = .unknown
            }
        }
        guard transferEncoding == .unknown else { throw .malformed("invalid Transfer-Encoding") }
    }

    /// RFC 9110 section 7.6.1: a list of case-insensitive options. Unknown ones are ignored.
    private mutating func noteConnection(_ value: Range<Int>, _ bytes: Span<UInt8>) {
        var members = ListMembers(value)
        while let member = members.next(in: bytes) {
            if bytes.equalsIgnoringCase("close", in: member) { hasClose = true }
            if bytes.equalsIgnoringCase("keep-alive", in: member) { hasKeepAlive = true }
        }
    }

    /// RFC 9110 section 10.1.1: the only defined expectation is `100-continue`.
    private mutating func noteExpectation(_ value: Range<Int>, _ bytes: Span<UInt8>) {
        var members = ListMembers(value)
        while let member = members.next(in: bytes) {
            if bytes.equalsIgnoringCase("100-continue", in: member) {
                expectsContinue = true
            } else {
                hasUnknownExpectation = true
            }
        }
    }
}

/// Returns the token at the beginning of a range (RFC 9110 section 5.6.2).
private func tokenPrefix(of range: Range<Int>, _ bytes: Span<UInt8>) -> Range<Int> {
    let token = ByteSet.token
    var end = range.lowerBound
    while end < range.upperBound, token.contains(bytes[end]) { end += 1 }
    return range.lowerBound..<end
}

/// The members of a comma-separated list, without surrounding white space; empty ones are skipped (RFC 9110
/// section 5.6.1). Quoted strings are not recognized: no member that this server knows contains one.
struct ListMembers {
    private var rest: Range<Int>

    init(_ value: Range<Int>) {
        rest = value
    }

    /// Returns the next member that is not empty, or nil at the end.
    mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
        while !rest.isEmpty {
            var end = rest.lowerBound
            while end < rest.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
            var member = rest.lowerBound..<end
            rest = min(end + 1, rest.upperBound)..<rest.upperBound
            while let first = member.first, bytes[first].isWhitespace { member = (first + 1)..<end }
            while let last = member.last, bytes[last].isWhitespace { member = member.lowerBound..<last }
            if !member.isEmpty { return member }
        }
        return nil
    }
}
