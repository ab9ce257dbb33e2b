import Bytes
import FuzzSupport
import HTTP

@testable import HTTPWire

/// Parses the input as a head, at once and in pieces, which must give the same result. The parts found must
/// lie in the input and satisfy what the rest of the program relies on.
func checkHead(_ data: [UInt8]) {
    var input = FuzzInput(data)
    let seed = input.byte()
    let maximum = 32 + 8 * Int(input.byte())
    let bytes = input.remainder()
    let whole = Outcome(bytes, maximum: maximum, pieces: nil)
    require(
        whole == Outcome(bytes, maximum: maximum, pieces: Pieces(seed: seed)),
        "splitting the input does not change the result")
    if case .read(let found) = whole { found.check(bytes) }
}

/// The positions of the parts of a head.
struct Found: Equatable {
    var range: Range<Int>
    var path: Range<Int>
    var query: Range<Int>?
    var fields: [Request.FieldLine]

    func check(_ bytes: [UInt8]) {
        require(range.lowerBound == 0 && range.upperBound <= bytes.count, "the head lies in the input")
        require(bytes[..<range.upperBound].suffix(4) == [13, 10, 13, 10], "the head ends with an empty line")
        let text = bytes[path]
        require(
            text.first == UInt8(ascii: "/") || Array(text) == [UInt8(ascii: "*")], "paths begin with a slash")
        require(text.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }, "paths are printable")
        require(
            query.map { $0.lowerBound > 0 && $0.upperBound < range.upperBound } ?? true,
            "the query lies in the head")
        var end = path.upperBound
        for field in fields {
            require(
                field.name.lowerBound >= end && !field.name.isEmpty, "fields are in order and have names")
            require(field.value.lowerBound > field.name.upperBound, "values follow names")
            require(bytes[field.name].allSatisfy(ByteSet.token.contains), "names are tokens")
            require(bytes[field.value].allSatisfy(\.isFieldContent), "values contain no control characters")
            require(bytes[field.value].first?.isWhitespace != true, "values do not begin with white space")
            require(bytes[field.value].last?.isWhitespace != true, "values do not end with white space")
            end = field.value.upperBound
        }
        require(end + 4 <= range.upperBound, "fields lie in the head")
    }
}

enum Outcome: Equatable {
    case incomplete
    case refused(Refusal)
    case read(Found)

    init(_ bytes: [UInt8], maximum: Int, pieces: Pieces?) {
        var pieces = pieces
        var scanner = HeadScanner()
        var received = 0
        repeat {
            received += pieces?.next(of: bytes.count - received) ?? bytes.count
            // Only the received bytes are passed, so that reading past them is detected.
            let prefix = Array(bytes[..<received])
            do throws(Refusal) {
                if let found = try Self.read(prefix.span, &scanner, maximum) {
                    self = .read(found)
                    return
                }
            } catch {
                self = .refused(error)
                return
            }
        } while received < bytes.count
        self = .incomplete
    }

    private static func read(
        _ span: Span<UInt8>, _ scanner: inout HeadScanner, _ maximum: Int
    ) throws(Refusal) -> Found? {
        let all = 0..<span.count
        guard let fieldsStart = try scanner.findRequestLine(in: span, head: all, maximum: maximum)
        else { return nil }
        let requestLine = try RequestLine(span, line: 0..<(fieldsStart - 2))
        guard let end = try scanner.findEnd(in: span, head: all, maximum: maximum) else { return nil }
        let head = try Head(
            requestLine: requestLine, span, range: 0..<end, fieldsStart: fieldsStart, maximumCount: 16)
        return Found(
            range: head.range, path: head.requestLine.target.path, query: head.requestLine.target.query,
            fields: head.fieldLines)
    }
}
