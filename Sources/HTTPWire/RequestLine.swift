internal import Bytes
internal import HTTP
import HTTPTypes

/// `method SP request-target SP HTTP-version` (RFC 9112 section 3).
struct RequestLine: ~Copyable {
    /// The versions that this server distinguishes. A later minor version of HTTP/1 is treated as HTTP/1.1
    /// (RFC 9110 section 2.5).
    enum Version {
        case http10
        case http11
    }

    var method: HTTPRequest.Method
    var target: RequestTarget
    var version: Version

    /// Maximum length of a method in bytes; a longer one gets a 501 (RFC 9112 section 3).
    static let maximumMethodLength = 32

    /// Parses a request line.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - line: The range of the line without its CR LF.
    /// - Throws: 400, 501 or 505.
    init(_ bytes: Span<UInt8>, line: Range<Int>) throws(Refusal) {
        let methodEnd = try Self.endOfMethod(bytes, line: line)
        // The version has a fixed length, so the target is the text between the two spaces. A further space
        // would be part of the target, where it is invalid.
        let versionStart = line.upperBound - Self.versionLength
        guard versionStart > methodEnd + 1, bytes[versionStart - 1] == .space else {
            throw .malformed("request line is not method, target and version")
        }
        let version = try Self.version(bytes, at: versionStart)
        let method = try Self.method(bytes, range: line.lowerBound..<methodEnd)
        target = try RequestTarget(bytes, range: (methodEnd + 1)..<(versionStart - 1), method: method)
        self.version = version
        self.method = method
    }

    /// RFC 9110 section 9.1: a method is a token.
    private static func endOfMethod(_ bytes: Span<UInt8>, line: Range<Int>) throws(Refusal) -> Int {
        let token = ByteSet.token
        var position = line.lowerBound
        while position < line.upperBound, token.contains(bytes[position]) { position += 1 }
        guard position > line.lowerBound, position < line.upperBound, bytes[position] == .space else {
            throw .malformed("invalid method")
        }
        return position
    }

    private static func method(
        _ bytes: Span<UInt8>, range: Range<Int>
    ) throws(Refusal) -> HTTPRequest.Method {
        if bytes.equals("GET", in: range) { return .get }
        if bytes.equals("PUT", in: range) { return .put }
        if bytes.equals("HEAD", in: range) { return .head }
        if bytes.equals("CONNECT", in: range) { throw .notImplemented("CONNECT is for proxies") }
        guard range.count <= maximumMethodLength else { throw .notImplemented("method is too long") }
        var name = ""
        for position in range { name.unicodeScalars.append(Unicode.Scalar(bytes[position])) }
        guard let method = HTTPRequest.Method(rawValue: name) else {
            throw .malformed("invalid method")
        }
        return method
    }

    /// The length of `HTTP-version`: `HTTP/1.1`.
    private static let versionLength = 8

    /// RFC 9112 section 2.3: `HTTP/` in capitals, a digit, a dot, a digit.
    private static func version(_ bytes: Span<UInt8>, at start: Int) throws(Refusal) -> Version {
        guard bytes.equals("HTTP/", in: start..<(start + 5)), bytes[start + 6] == UInt8(ascii: "."),
            let major = bytes[start + 5].decimalValue, let minor = bytes[start + 7].decimalValue
        else { throw .malformed("version is not HTTP/digit.digit") }
        guard major == 1 else { throw .versionNotSupported }
        return minor == 0 ? .http10 : .http11
    }
}
