internal import HTTP

/// A request whose body is being read. A conversation has one only between the head and the end of the body.
final class IncomingBody {
    /// Whether the end of the body has been reached.
    enum Progress {
        case incomplete
        case complete
    }

    private enum Framing {
        case length(remaining: Int)
        case chunked(ChunkedDecoder)
    }

    private(set) var request: Request
    /// Whether the client still waits for `100 Continue`.
    var awaitsContinue: Bool
    /// Whether Content-Length exceeds the body limit.
    let isTooLarge: Bool
    /// Whether the request has a copy of its head, and no reference to the received bytes.
    private var isDetached = false
    /// The range of the head in the received bytes.
    private let headRange: Range<Int>
    private var framing: Framing
    private var content: [UInt8] = []

    init(head: borrowing Head, request: Request, limits: Limits) {
        switch head.framing {
        case .none:
            framing = .length(remaining: 0)
            isTooLarge = false
        case .length(let length):
            framing = .length(remaining: length)
            isTooLarge = length > limits.maximumBodyBytes
        case .chunked:
            framing = .chunked(ChunkedDecoder(limits: limits))
            isTooLarge = false
        }
        self.request = request
        headRange = head.range
        awaitsContinue = head.expectsContinue
    }

    /// Reads the received part of the body.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - position: The first byte that is not read yet; moved on.
    ///   - end: The end of the received bytes.
    ///   - keeps: Whether the content is kept. If false, only the end of the body is searched.
    /// - Returns: Whether the end of the body has been reached.
    /// - Throws: 400, 413 or 431, for the chunked coding.
    func read(
        _ bytes: [UInt8], at position: inout Int, end: Int, keeps: Bool
    ) throws(Refusal) -> Progress {
        switch framing {
        case .length(let remaining):
            let data = position..<(position + min(remaining, end - position))
            if keeps { content += bytes[data] }
            position = data.upperBound
            framing = .length(remaining: remaining - data.count)
            return data.count == remaining ? .complete : .incomplete
        case .chunked(var decoder):
            defer { framing = .chunked(decoder) }
            while true {
                switch try decoder.next(in: bytes.span, at: &position, end: end) {
                case .data(let data): if keeps { content += bytes[data] }
                case .incomplete: return .incomplete
                case .end: return .complete
                }
            }
        }
    }

    /// Returns the complete body, and releases it here.
    func takeContent() -> [UInt8] {
        defer { content = [] }
        return content
    }

    /// Copies the head, so that the received bytes can be reused.
    func detach() {
        guard !isDetached else { return }
        isDetached = true
        request = request.copied(head: headRange)
    }
}

extension Request {
    /// Returns the same request over a copy of its head only.
    fileprivate func copied(head: Range<Int>) -> Request {
        func moved(_ range: Range<Int>) -> Range<Int> {
            (range.lowerBound - head.lowerBound)..<(range.upperBound - head.lowerBound)
        }
        return Request(
            bytes: Array(bytes[head]), method: method, path: moved(path), query: query.map(moved),
            fieldLines: fieldLines.map { FieldLine(name: moved($0.name), value: moved($0.value)) },
            hasBody: hasBody, receivedAt: receivedAt, remoteAddress: remoteAddress)
    }
}
