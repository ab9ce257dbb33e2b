/// Received bytes of one connection. The caller owns them; a conversation consumes them from the front.
///
/// Invariant: `0 <= start <= end <= bytes.count`.
package struct ReceivedBytes: ~Copyable {
    package let bytes: [UInt8]
    /// The first byte that is not consumed yet.
    package internal(set) var start: Int
    /// The end of what has been received.
    package let end: Int
    /// Whether the array is the loop's read buffer, and not a connection's own array.
    package let isReadBuffer: Bool

    /// Takes an array whose first `count` bytes have been received.
    package init(_ bytes: consuming [UInt8], count: Int, isReadBuffer: Bool) {
        precondition(count >= 0 && count <= bytes.count)
        self.bytes = bytes
        self.isReadBuffer = isReadBuffer
        start = 0
        end = count
    }

    /// The bytes that are not consumed yet.
    package var rest: ArraySlice<UInt8> { bytes[start..<end] }

    package var isEmpty: Bool { start == end }

    package var count: Int { end - start }

    /// Returns the array.
    package consuming func takeBytes() -> [UInt8] { bytes }

    /// Consumes all bytes.
    mutating func drop() {
        start = end
    }
}
