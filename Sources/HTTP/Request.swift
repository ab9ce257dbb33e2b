package import Bytes
package import HTTPTypes
package import Time

/// The head of one request: ranges in the received bytes, which are not copied.
///
/// Must not be kept after the call that it is passed to: a reference would make the next read copy the read
/// buffer. A deferred response copies what it needs. A class: retaining one reference is cheaper than
/// retaining each stored property at every call.
package final class Request: Sendable {
    /// One field line: the ranges of its name and of its value, without surrounding white space, in `bytes`.
    package struct FieldLine: Hashable, Sendable {
        package var name: Range<Int>
        package var value: Range<Int>

        package init(name: Range<Int>, value: Range<Int>) {
            self.name = name
            self.value = value
        }
    }

    /// The received bytes. The head is a part of them; bytes outside the ranges below belong to other
    /// requests.
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
    package let remoteAddress: SocketAddress
    /// When the first byte of the head was received. For a pipelined request, when the preceding request was
    /// finished.
    package let receivedAt: Instant

    package init(
        bytes: [UInt8], method: HTTPRequest.Method, path: Range<Int>, query: Range<Int>?,
        fieldLines: [FieldLine], hasBody: Bool, receivedAt: Instant,
        remoteAddress: SocketAddress
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

    /// Returns the text of a range, with bytes that are not UTF-8 replaced.
    package func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// Returns the ranges of the values of all field lines of this name, in the order received (RFC 9110
    /// section 5.3).
    package func values(of name: HTTPField.Name) -> [Range<Int>] {
        let (bytes, wanted) = (bytes, name.canonicalName)
        var values: [Range<Int>] = []
        for line in fieldLines where isNamed(line, wanted.utf8.span, in: bytes.span) {
            values.append(line.value)
        }
        return values
    }

    /// How often a field that may occur once occurs.
    package enum Occurrence {
        case absent
        /// With the range of its value.
        case once(Range<Int>)
        case repeated
    }

    /// Returns whether there is a field line of this name, and whether it is the only one.
    package func occurrence(of name: HTTPField.Name) -> Occurrence {
        let (bytes, wanted) = (bytes, name.canonicalName)
        var occurrence = Occurrence.absent
        for line in fieldLines where isNamed(line, wanted.utf8.span, in: bytes.span) {
            guard case .absent = occurrence else { return .repeated }
            occurrence = .once(line.value)
        }
        return occurrence
    }

    /// Returns the range of the value of the first field line of this name, or nil.
    package func firstValue(of name: HTTPField.Name) -> Range<Int>? {
        let (bytes, wanted) = (bytes, name.canonicalName)
        for line in fieldLines where isNamed(line, wanted.utf8.span, in: bytes.span) { return line.value }
        return nil
    }
}

/// Field names are case-insensitive (RFC 9110 section 5.1). `wanted` is in lower case.
private func isNamed(_ line: Request.FieldLine, _ wanted: Span<UInt8>, in received: Span<UInt8>) -> Bool {
    received.equalsIgnoringCase(wanted, in: line.name)
}
