internal import Bytes
internal import HTTP

/// Takes the chunked transfer coding off a body (RFC 9112 section 7.1) that arrives in any pieces.
///
/// One byte decides one step, so a split can make no difference. Data is never copied here: the decoder says
/// where it stands.
struct ChunkedDecoder {
    /// What the bytes at hand held.
    enum Piece: Equatable {
        /// Data of the body.
        case data(Range<Int>)
        /// Nothing further: more bytes are needed.
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
    /// The bytes of the present chunk that are still to come.
    private var remaining = 0
    /// The data announced so far, the present chunk's included.
    private var total = 0
    private let maximumBodyBytes: Int
    private var framingBytes = 0
    private var trailerBytes = 0
    private var trailerLines = 0
    private let maximumTrailerBytes: Int
    private let maximumTrailerLines: Int

    /// Framing is refused when it outweighs the data by more than `framingAllowance + framingRatio * data`
    /// bytes: a body of one-byte chunks takes five bytes of framing a byte, so the ratio leaves honest
    /// clients room, and the allowance takes in the extensions that anybody sends (RFC 9112 section 7.1.1
    /// asks for such a limit).
    private static let framingAllowance = 256
    private static let framingRatio = 8

    init(limits: Limits) {
        maximumBodyBytes = limits.maximumBodyBytes
        maximumTrailerBytes = limits.maximumHeaderBytes
        maximumTrailerLines = limits.maximumHeaders
    }

    /// Reads on from a position until there is data, or all is read.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - position: Where to begin; moved behind what was read.
    ///   - end: The end of what has been received.
    /// - Returns: Where data stands; or that there is no more of it, for now or at all.
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

    /// `1*HEXDIG`. The size is checked against what the body may still have with each digit, so it cannot
    /// overflow.
    private mutating func size(_ digit: Int) throws(Refusal) -> State {
        total -= remaining
        remaining = remaining * 16 + digit
        guard remaining <= maximumBodyBytes - total else { throw .contentTooLarge }
        total += remaining
        return .size
    }

    /// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (section 7.1.1), ignored but held to
    /// its grammar.
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

    /// A further byte of a token, or what follows it.
    private func tokenOr(
        _ next: (UInt8) throws(Refusal) -> State, _ byte: UInt8
    ) throws(Refusal) -> State {
        ByteSet.token.contains(byte) ? state : try next(byte)
    }

    /// What may follow a size or a complete extension.
    private func afterExtension(_ byte: UInt8) throws(Refusal) -> State {
        switch byte {
        case UInt8(ascii: ";"): return .extensionNameStart
        case .carriageReturn: return .sizeLineFeed
        case .space, .horizontalTab: return .beforeExtension
        default: throw .malformed("invalid chunk extension")
        }
    }

    /// `*( field-line CRLF ) CRLF` (section 7.1.2). Trailers are held to the grammar and dropped: nothing
    /// that this server does depends on one (RFC 9110 section 6.5.1).
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
