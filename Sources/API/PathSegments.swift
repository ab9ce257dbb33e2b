import Bytes
import HTTP

/// The parts of a path between its slashes. Empty ones are dropped.
struct PathSegments: Sendable {
    /// How many there are, also beyond those that are kept.
    private(set) var count = 0
    /// As many as the longest route has.
    private var ranges = [4 of Range<Int>](repeating: 0..<0)

    /// None, for a request without a path.
    init() {}

    init(of request: Request) {
        let received = request.bytes
        let bytes = received.span
        var start = request.path.lowerBound
        for index in request.path where bytes[index] == UInt8(ascii: "/") {
            append(start..<index)
            start = index + 1
        }
        append(start..<request.path.upperBound)
    }

    private mutating func append(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        if count < ranges.count { ranges[count] = range }
        count += 1
    }

    /// Whether a segment says the same as this text.
    func matches(_ text: String, at index: Int, of request: Request) -> Bool {
        let (range, wanted, bytes) = (ranges[index], text.utf8.span, request.bytes)
        if range.count == wanted.count {
            let received = bytes.span
            return wanted.indices.allSatisfy { wanted[$0] == received[range.lowerBound + $0] }
        }
        // Only an escape can make a segment longer than what it says.
        guard range.count > wanted.count, let decoded = percentDecoded(bytes[range]) else {
            return false
        }
        return decoded.elementsEqual(text.utf8)
    }

    /// The text of a segment, percent-decoded once. Nil when it has no text: an escape is cut short or is not
    /// hexadecimal (RFC 3986 section 2.1), or what comes out is not UTF-8.
    func text(at index: Int, of request: Request) -> String? {
        percentDecoded(request.bytes[ranges[index]]).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
