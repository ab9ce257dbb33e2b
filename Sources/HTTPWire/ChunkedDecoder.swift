internal import Bytes
internal import HTTP

/// Decodes the chunked transfer coding (RFC 9112 section 7.1) of a body that arrives in arbitrary pieces.
///
/// A state machine over single bytes, so that the division into pieces makes no difference. It returns the
/// ranges of the data, and copies nothing.
struct ChunkedDecoder {
    /// The result of decoding the received bytes.
    enum Piece: Equatable {
        /// Data of the body.
        case data(Range<Int>)
        /// More bytes are needed.
        case incomplete
        /// The body and its trailer section are complete.
        case end
    }

    private enum State: UInt8 {
        case sizeStart, size, sizeLineFeed
        case beforeExtension, extensionNameStart, extensionName, afterExtensionName
        case extensionValueStart, extensionToken, quoted, quotedPair, afterQuoted
        case data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed
        case finished
    }

    private var state = State.sizeStart
    /// Bytes of the current chunk that have not been received.
    private var remaining = 0
    /// Bytes of data announced so far, including the current chunk.
    private var total = 0
    private let maximumBodyBytes: Int
    private var framingBytes = 0
    private var trailerBytes = 0
    private var trailerLines = 0
    private let maximumTrailerBytes: Int
    private let maximumTrailerLines: Int

    /// Limits the framing to `framingAllowance + framingRatio * total` bytes (RFC 9112 section 7.1.1 asks for
    /// such a limit). A body of one-byte chunks has five bytes of framing for each byte of data and is
    /// accepted; the allowance covers the usual chunk extensions.
    private static let framingAllowance = 256
    private static let framingRatio = 8

    init(limits: Limits) {
        maximumBodyBytes = limits.maximumBodyBytes
        maximumTrailerBytes = limits.maximumHeaderBytes
        maximumTrailerLines = limits.maximumHeaders
    }

    /// Decodes from a position until there is data, or all bytes are read.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - position: Where to begin; moved after the bytes that were read.
    ///   - end: The end of the received bytes.
    /// - Returns: The range of some data, or that more bytes are needed, or that the body is complete.
    /// - Throws: 400, 413 or 431.
    mutating func next(
        in bytes: Span<UInt8>, at position: inout Int, end: Int
    ) throws(Refusal) -> Piece {
        while state != .finished {
            guard position < end else { return .incomplete }
            if state == .data {
                let data = position..<min(end, position + remaining)
                position = data.upperBound
                remaining -= data.count
                if remaining == 0 { state = .dataCarriageReturn }
                return .data(data)
            }
            try step(bytes[position])
            position += 1
        }
        return .end
    }

    private mutating func step(_ byte: UInt8) throws(Refusal) {
        switch state {
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
            trailerBytes += 1
            guard trailerBytes <= maximumTrailerBytes else { throw .fieldsTooLarge }
            state = try trailer(byte)
        default:
            framingBytes += 1
            guard framingBytes <= Self.framingAllowance + Self.framingRatio * total else {
                throw .malformed("chunk framing out of proportion")
            }
            state = try framing(byte)
        }
    }

    /// `chunk-size [ chunk-ext ] CRLF` and the CR LF after a chunk's data.
    private mutating func framing(_ byte: UInt8) throws(Refusal) -> State {
        switch state {
        case .sizeStart, .size:
            guard let digit = byte.hexadecimalValue else {
                guard state == .size else { throw .malformed("invalid chunk size") }
                return try afterExtension(byte)
            }
            return try size(digit)
        case .sizeLineFeed:
            guard byte == .lineFeed else { throw .malformed("invalid end of a chunk size line") }
            return remaining == 0 ? .trailerStart : .data
        case .dataCarriageReturn:
            guard byte == .carriageReturn else { throw .malformed("invalid end of a chunk") }
            return .dataLineFeed
        case .dataLineFeed:
            guard byte == .lineFeed else { throw .malformed("invalid end of a chunk") }
            return .sizeStart
        default:
            return try chunkExtension(byte)
        }
    }

    /// `1*HEXDIG`. The size is checked after each digit against what is left of the body limit, so it cannot
    /// overflow.
    private mutating func size(_ digit: Int) throws(Refusal) -> State {
        total -= remaining
        remaining = remaining * 16 + digit
        guard remaining <= maximumBodyBytes - total else { throw .contentTooLarge }
        total += remaining
        return .size
    }

    /// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (section 7.1.1). The syntax is
    /// checked, the content ignored.
    private func chunkExtension(_ byte: UInt8) throws(Refusal) -> State {
        switch state {
        case .extensionNameStart:
            if byte.isWhitespace { return state }
            if ByteSet.token.contains(byte) { return .extensionName }
        case .extensionName, .afterExtensionName:
            if byte == UInt8(ascii: "=") { return .extensionValueStart }
            if byte.isWhitespace { return .afterExtensionName }
            if state == .extensionName { return try tokenOr(afterExtension, byte) }
            if byte == UInt8(ascii: ";") { return .extensionNameStart }
        case .extensionValueStart:
            if byte.isWhitespace { return state }
            if byte == UInt8(ascii: "\"") { return .quoted }
            if ByteSet.token.contains(byte) { return .extensionToken }
        case .extensionToken:
            return try tokenOr(afterExtension, byte)
        case .quoted:
            if byte == UInt8(ascii: "\"") { return .afterQuoted }
            if byte == UInt8(ascii: "\\") { return .quotedPair }
            if byte.isFieldContent { return state }
        case .quotedPair:
            if byte.isFieldContent { return .quoted }
        case .afterQuoted:
            return try afterExtension(byte)
        case .beforeExtension:
            if byte.isWhitespace { return state }
            if byte == UInt8(ascii: ";") { return .extensionNameStart }
        default:
            break
        }
        throw .malformed("invalid chunk extension")
    }

    /// Continues a token, or passes the byte after it to `next`.
    private func tokenOr(
        _ next: (UInt8) throws(Refusal) -> State, _ byte: UInt8
    ) throws(Refusal) -> State {
        ByteSet.token.contains(byte) ? state : try next(byte)
    }

    /// Returns the state after a size or a complete extension.
    private func afterExtension(_ byte: UInt8) throws(Refusal) -> State {
        switch byte {
        case UInt8(ascii: ";"): return .extensionNameStart
        case .carriageReturn: return .sizeLineFeed
        case .space, .horizontalTab: return .beforeExtension
        default: throw .malformed("invalid chunk extension")
        }
    }

    /// `*( field-line CRLF ) CRLF` (section 7.1.2). The syntax is checked, the trailers are dropped: this
    /// server uses none (RFC 9110 section 6.5.1).
    private mutating func trailer(_ byte: UInt8) throws(Refusal) -> State {
        switch state {
        case .trailerStart:
            if byte == .carriageReturn { return .endLineFeed }
            guard ByteSet.token.contains(byte) else { break }
            trailerLines += 1
            guard trailerLines <= maximumTrailerLines else { throw .fieldsTooLarge }
            return .trailerName
        case .trailerName:
            if byte == UInt8(ascii: ":") { return .trailerValue }
            if ByteSet.token.contains(byte) { return state }
        case .trailerValue:
            if byte == .carriageReturn { return .trailerLineFeed }
            if byte.isFieldContent { return state }
        case .trailerLineFeed:
            if byte == .lineFeed { return .trailerStart }
        default:
            if byte == .lineFeed { return .finished }
        }
        throw .malformed("invalid trailer section")
    }
}
