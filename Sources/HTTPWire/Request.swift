package import HTTPTypes
package import Time

/// The head of one request: positions over the received bytes, and nothing copied out of them.
///
/// A request is only valid while it is being answered at once. What a deferred answer needs later, it copies
/// out. It is a class because it passes through a dozen hands, and one count is cheaper to keep than those of
/// its parts.
package final class Request: Sendable {
    /// One field line: where its name and its value (without surrounding white space) stand in `bytes`.
    package struct FieldLine: Hashable, Sendable {
        package var name: Range<Int>
        package var value: Range<Int>
    }

    /// The received bytes. The head is only a part of them; what lies outside the ranges below is not this
    /// request's.
    package let bytes: [UInt8]
    package let method: HTTPRequest.Method
    /// The path of the target, still percent-encoded, without the query. It is `/` or starts with one,
    /// except for the asterisk form, which is `*`.
    package let path: Range<Int>
    /// The query without its question mark, or nil.
    package let query: Range<Int>?
    package let fieldLines: [FieldLine]
    /// Whether a body follows the head. It has not been read yet.
    package let hasBody: Bool
    package let remoteAddress: RemoteAddress
    /// When the first byte of the head was at hand.
    package let receivedAt: Instant

    package init(
        bytes: [UInt8], method: HTTPRequest.Method, path: Range<Int>, query: Range<Int>?,
        fieldLines: [FieldLine], hasBody: Bool, receivedAt: Instant,
        remoteAddress: RemoteAddress
    ) {
        self.bytes = bytes
        self.method = method
        self.path = path
        self.query = query
        self.fieldLines = fieldLines
        self.hasBody = hasBody
        self.receivedAt = receivedAt
        self.remoteAddress = remoteAddress
    }

    /// The text of a range, with bytes that are not UTF-8 replaced.
    package func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// Where the values of every field line of this name stand, in the order received (RFC 9110 section 5.3).
    package func values(of name: HTTPField.Name) -> [Range<Int>] {
        let (bytes, wanted) = (bytes, name.canonicalName)
        var values: [Range<Int>] = []
        for line in fieldLines where isNamed(line, wanted.utf8.span, in: bytes.span) {
            values.append(line.value)
        }
        return values
    }

    /// How often a field stands in a request that may have it once.
    package enum Occurrence {
        case absent
        /// With where its value stands.
        case once(Range<Int>)
        case repeated
    }

    /// Whether there is a field line of this name, and whether it is the only one.
    package func occurrence(of name: HTTPField.Name) -> Occurrence {
        let (bytes, wanted) = (bytes, name.canonicalName)
        var occurrence = Occurrence.absent
        for line in fieldLines where isNamed(line, wanted.utf8.span, in: bytes.span) {
            guard case .absent = occurrence else { return .repeated }
            occurrence = .once(line.value)
        }
        return occurrence
    }

    /// Where the value of the first field line of this name stands.
    package func firstValue(of name: HTTPField.Name) -> Range<Int>? {
        let (bytes, wanted) = (bytes, name.canonicalName)
        for line in fieldLines where isNamed(line, wanted.utf8.span, in: bytes.span) { return line.value }
        return nil
    }
}

/// Field names are compared without regard to case (RFC 9110 section 5.1). The wanted one is in lower
/// case.
private func isNamed(_ line: Request.FieldLine, _ wanted: Span<UInt8>, in received: Span<UInt8>) -> Bool {
    guard wanted.count == line.name.count else { return false }
    for offset in wanted.indices {
        let byte = received[line.name.lowerBound + offset]
        let isCapital = byte &- UInt8(ascii: "A") < 26
        if (isCapital ? byte | 0x20 : byte) != wanted[offset] { return false }
    }
    return true
}
