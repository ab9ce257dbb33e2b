internal import HTTP

/// A request whose body is not read yet: what a conversation keeps in the middle of such a request, and only
/// then.
final class IncomingBody {
    /// What has become of the bytes at hand.
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
    /// Whether the declared length is larger than a body may be.
    let isTooLarge: Bool
    /// Whether the request has a copy of its head, and no reference to the received bytes.
    private var isDetached = false
    /// Where the head stands in the request's bytes.
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

    /// Reads what there is of the body, and keeps it when asked to.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - position: The first byte not yet read; moved on.
    ///   - end: The end of what has been received.
    ///   - keeps: Whether the body is wanted, or only its end.
    /// - Returns: Whether the end of the body has been reached.
    /// - Throws: What the chunked coding is refused with.
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

    /// The body, when it is complete. The memory goes with it.
    func takeContent() -> [UInt8] {
        defer { content = [] }
        return content
    }

    /// Copies the head, so that the received bytes are free.
    func detach() {
        guard !isDetached else { return }
        isDetached = true
        request = request.copied(head: headRange)
    }
}

extension Request {
    /// The same request over bytes that hold its head and nothing else.
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
