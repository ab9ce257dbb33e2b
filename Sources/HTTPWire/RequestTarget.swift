internal import Bytes
internal import HTTP
import HTTPTypes

/// The ranges of the parts of a request target (RFC 9112 section 3.2).
///
/// Nothing is decoded or normalised: dot segments, empty segments and percent-encoded bytes remain, so that
/// routing sees what the client sent.
struct RequestTarget {
    /// `/` or a path that begins with it; `*` in the asterisk form.
    var path: Range<Int>
    var query: Range<Int>?

    /// Parses a request target. Its first byte and the method determine its form.
    init(_ bytes: Span<UInt8>, range: Range<Int>, method: HTTPRequest.Method) throws(Refusal) {
        guard let first = range.first else { throw .malformed("request target is empty") }
        switch bytes[first] {
        case UInt8(ascii: "/"):
            (path, query) = try Self.pathAndQuery(bytes, range: range)
        case UInt8(ascii: "*") where range.count == 1 && method == .options:
            // Section 3.2.4: the asterisk form is for OPTIONS only.
            (path, query) = (range, nil)
        default:
            (path, query) = try Self.absoluteForm(bytes, range: range)
        }
    }

    /// `absolute-path [ "?" query ]` (section 3.2.1). A fragment is not allowed: `#` is rejected.
    private static func pathAndQuery(
        _ bytes: Span<UInt8>, range: Range<Int>
    ) throws(Refusal) -> (Range<Int>, Range<Int>?) {
        let pathEnd = try end(of: .path, bytes, from: range.lowerBound, to: range.upperBound)
        guard pathEnd < range.upperBound else { return (range, nil) }
        guard bytes[pathEnd] == UInt8(ascii: "?") else { throw .malformed("invalid character in the path") }
        let query = (pathEnd + 1)..<range.upperBound
        guard try end(of: .query, bytes, from: query.lowerBound, to: query.upperBound) == query.upperBound
        else { throw .malformed("invalid character in the query") }
        return (range.lowerBound..<pathEnd, query)
    }

    /// `scheme "://" authority path-abempty [ "?" query ]` (section 3.2.2 and RFC 9110 section 4.2).
    ///
    /// The authority is checked and then ignored: it replaces Host, and this service has the same paths on
    /// every host.
    private static func absoluteForm(
        _ bytes: Span<UInt8>, range: Range<Int>
    ) throws(Refusal) -> (Range<Int>, Range<Int>?) {
        guard let authorityStart = endOfScheme(bytes, range: range) else {
            throw .malformed("invalid request target")
        }
        var authorityEnd = authorityStart
        while authorityEnd < range.upperBound, bytes[authorityEnd] != UInt8(ascii: "/"),
            bytes[authorityEnd] != UInt8(ascii: "?")
        {
            authorityEnd += 1
        }
        // RFC 9110 section 4.2.1: an http URI with an empty host is invalid.
        let authority = authorityStart..<authorityEnd
        guard !authority.isEmpty, isValidHost(bytes, range: authority) else {
            throw .malformed("invalid authority")
        }
        let rest = authorityEnd..<range.upperBound
        if let first = rest.first, bytes[first] == UInt8(ascii: "/") {
            return try pathAndQuery(bytes, range: rest)
        }
        // RFC 9110 section 4.2.3: an empty path is equivalent to "/". The range of the slash before the
        // authority is used for it.
        let slash = (authorityStart - 1)..<authorityStart
        guard !rest.isEmpty else { return (slash, nil) }
        let query = (rest.lowerBound + 1)..<rest.upperBound
        guard try end(of: .query, bytes, from: query.lowerBound, to: query.upperBound) == query.upperBound
        else { throw .malformed("invalid character in the query") }
        return (slash, query)
    }

    /// Returns the position after `http://` or `https://`, or nil. Schemes are case-insensitive.
    private static func endOfScheme(_ bytes: Span<UInt8>, range: Range<Int>) -> Int? {
        for scheme: StaticString in ["http://", "https://"] {
            let end = range.lowerBound + scheme.utf8CodeUnitCount
            guard end <= range.upperBound else { return nil }
            if bytes.equalsIgnoringCase(scheme, in: range.lowerBound..<end) { return end }
        }
        return nil
    }

    /// Returns the first position that is neither in the set nor part of a percent-encoded byte. Throws 400
    /// for an invalid percent-encoding.
    private static func end(
        of set: ByteSet, _ bytes: Span<UInt8>, from start: Int, to end: Int
    ) throws(Refusal) -> Int {
        var position = start
        while position < end {
            let byte = bytes[position]
            if set.contains(byte) {
                position += 1
            } else if byte == UInt8(ascii: "%") {
                guard isPercentEncoded(bytes, at: position, end: end) else {
                    throw .malformed("invalid percent-encoding")
                }
                position += 3
            } else {
                return position
            }
        }
        return position
    }
}

/// `pct-encoded = "%" HEXDIG HEXDIG` (RFC 3986 section 2.1).
func isPercentEncoded(_ bytes: Span<UInt8>, at position: Int, end: Int) -> Bool {
    end - position >= 3 && bytes[position] == UInt8(ascii: "%")
        && bytes[position + 1].hexadecimalValue != nil && bytes[position + 2].hexadecimalValue != nil
}
