internal import Bytes

/// A piece of the content of a stream, encoded once for any number of connections.
package struct StreamPiece: Sendable {
    /// The piece as a chunk (RFC 9112 section 7.1).
    package let chunk: [UInt8]
    /// The range of the content in `chunk`, for HTTP/1.0, which has no chunked coding.
    package let content: Range<Int>

    /// Encodes a piece of at least one byte.
    package init(_ content: [UInt8]) {
        precondition(!content.isEmpty, "an empty chunk would end the stream")
        var chunk: [UInt8] = []
        chunk.reserveCapacity(content.count + 20)
        chunk.append(contentsOf: String(content.count, radix: 16).utf8)
        chunk.append("\r\n")
        let start = chunk.count
        chunk += content
        self.content = start..<chunk.count
        chunk.append("\r\n")
        self.chunk = chunk
    }
}
