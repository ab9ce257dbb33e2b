import FuzzSupport
import HTTP

@testable import HTTPWire

/// Decodes the input as chunks, at once and in pieces, which must give the same result. Then encodes the
/// input as chunks, which must decode to the input.
func checkChunks(_ data: [UInt8]) {
    var input = FuzzInput(data)
    let seed = input.byte()
    var limits = Limits.small
    limits.maximumBodyBytes = 16 * Int(input.byte())
    let bytes = input.remainder()
    let whole = Decoding(bytes, limits, pieces: nil)
    require(
        whole == Decoding(bytes, limits, pieces: Pieces(seed: seed)),
        "splitting the input does not change the result")
    require(whole.body.count <= limits.maximumBodyBytes, "a body is within its limit")
    require(whole.consumed <= bytes.count, "only received bytes are consumed")
    if whole.outcome == .ended {
        require(bytes[..<whole.consumed].suffix(2) == [13, 10], "a body ends with CRLF")
    }
    roundTrip(bytes, seed)
}

/// The result of decoding a body.
struct Decoding: Equatable {
    enum Outcome: Equatable {
        case incomplete
        case ended
        case refused(Refusal)
    }

    var outcome = Outcome.incomplete
    var body: [UInt8] = []
    var consumed = 0

    init(_ bytes: [UInt8], _ limits: Limits, pieces: Pieces?) {
        var pieces = pieces
        var decoder = ChunkedDecoder(limits: limits)
        var received = 0
        repeat {
            received += pieces?.next(of: bytes.count - received) ?? bytes.count
            let prefix = Array(bytes[..<received])
            outcome = read(prefix, &decoder)
            if outcome != .incomplete { return }
            require(consumed == received, "an incomplete body consumes all received bytes")
        } while received < bytes.count
    }

    private mutating func read(_ bytes: [UInt8], _ decoder: inout ChunkedDecoder) -> Outcome {
        do throws(Refusal) {
            while true {
                switch try decoder.next(in: bytes.span, at: &consumed, end: bytes.count) {
                case .data(let range):
                    require(!range.isEmpty, "data is never empty")
                    body += bytes[range]
                case .incomplete: return .incomplete
                case .end: return .ended
                }
            }
        } catch {
            // The position of an error may depend on how the input is split.
            consumed = 0
            return .refused(error)
        }
    }
}

/// Encodes data in chunks of many sizes, and checks that it decodes to the same data.
private func roundTrip(_ data: [UInt8], _ seed: UInt8) {
    var pieces = Pieces(seed: seed)
    var encoded: [UInt8] = []
    var rest = data[...]
    while !rest.isEmpty {
        let size = pieces.next(of: rest.count)
        encoded += String(size, radix: 16).utf8 + [13, 10] + rest.prefix(size) + [13, 10]
        rest = rest.dropFirst(size)
    }
    encoded += "0\r\n\r\nbehind".utf8
    var limits = Limits.small
    limits.maximumBodyBytes = data.count
    let decoding = Decoding(encoded, limits, pieces: Pieces(seed: ~seed))
    require(decoding.outcome == .ended && decoding.body == data, "encoded data decodes to the original")
    require(decoding.consumed == encoded.count - 6, "bytes after a body are not consumed")
}
