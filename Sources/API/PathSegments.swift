import Bytes
import HTTP

/// The segments of a path. Empty ones are dropped.
struct PathSegments: Sendable {
    /// The number of segments, including those that are not kept.
    private(set) var count = 0
    /// The first five segments, as many as the longest route has.
    private var ranges = [5 of Range<Int>](repeating: 0..<0)

    /// No segments, for a request without a path.
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

    /// Returns whether the decoded segment equals this text.
    func matches(_ text: String, at index: Int, of request: Request) -> Bool {
        let (range, wanted, bytes) = (ranges[index], text.utf8.span, request.bytes)
        if range.count == wanted.count {
            let received = bytes.span
            return wanted.indices.allSatisfy { wanted[$0] == received[range.lowerBound + $0] }
        }
        // An encoded segment is longer than its text.
        guard range.count > wanted.count, let decoded = percentDecoded(bytes[range]) else {
            return false
        }
        return decoded.elementsEqual(text.utf8)
    }

    /// Returns the text of a segment, percent-decoded once. Nil if an escape is truncated or not hexadecimal
    /// (RFC 3986 section 2.1), or if the result is not UTF-8.
    func text(at index: Int, of request: Request) -> String? {
        percentDecoded(request.bytes[ranges[index]]).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
