import Time

/// A request that was sent, and what its response must be.
final class SentRequest {
    let id: String
    let isHead: Bool
    let isStream: Bool
    let sentAt: Instant
    /// By when the response must have come, unless the connection ends.
    let limit: Duration
    let answered: (ReceivedResponse, SentRequest) -> Void
    fileprivate(set) var isAnswered = false

    init(
        id: String, isHead: Bool = false, isStream: Bool = false, sentAt: Instant, limit: Duration,
        answered: @escaping (ReceivedResponse, SentRequest) -> Void
    ) {
        self.id = id
        self.isHead = isHead
        self.isStream = isStream
        self.sentAt = sentAt
        self.limit = limit
        self.answered = answered
    }
}

/// A client's connection: sends requests, and checks that each gets its own response, once and in time.
final class HTTPClient: LinkClient {
    private let world: World
    private(set) var link: Link?
    private var reader = ResponseReader()
    private var sent: [SentRequest] = []
    private var isStreaming = false
    private(set) var isOpen = true
    var whenConnected: () -> Void = {}
    var whenEnded: (LinkEnd) -> Void = { _ in }
    var whenPart: (String) -> Void = { _ in }
    /// Whether the client has stopped caring: it left, or reads slowly.
    var isUnreliable = false

    init(_ world: World) {
        self.world = world
    }

    func open(_ link: Link) { self.link = link }

    func send(_ request: SentRequest, _ bytes: [UInt8]) {
        guard isOpen else { return }
        sent.append(request)
        link?.send(bytes)
        world.after(request.limit) { [self] in
            if isOpen, !request.isAnswered, !isUnreliable {
                world.violate("request \(request.id) has no response after \(request.limit)")
            }
        }
    }

    func connected() { whenConnected() }

    func received(_ bytes: ArraySlice<UInt8>) {
        guard isOpen else { return }
        reader.append(bytes)
        while isOpen {
            let step = reader.next(isHead: sent.first?.isHead ?? false)
            switch step {
            case .needsMore: return
            case .malformed(let text): return fail("malformed response: \(text)")
            case .response(let response): take(response)
            case .streamBegins(let response):
                if sent.first?.isStream != true { return fail("an unexpected stream") }
                isStreaming = true
                take(response)
            case .streamPart(let part): whenPart(part)
            case .streamEnds: isStreaming = false
            }
        }
    }

    private func take(_ response: ReceivedResponse) {
        if response.status == 100 { return }
        guard let request = sent.first else {
            // The server may refuse a connection before it has read a request.
            if [408, 503].contains(response.status) { return }
            return fail("a response without a request: \(response.status)")
        }
        sent.removeFirst()
        request.isAnswered = true
        let isRefused =
            [400, 408, 431, 503].contains(response.status) && response.fields["x-request-id"] != request.id
        if response.fields["x-request-id"] != request.id, !isRefused {
            fail("request \(request.id) got the response to \(response.fields["x-request-id"] ?? "-")")
        }
        world.note("\(request.id) gets \(response.status)")
        request.answered(response, request)
        if response.fields["connection"] == "close", !isStreaming { close() }
    }

    private func fail(_ text: String) {
        world.violate(text)
        close()
    }

    func ended(_ end: LinkEnd) {
        guard isOpen else { return }
        isOpen = false
        if end == .closed, !reader.isEmpty, !isUnreliable {
            world.violate("connection \(link?.number ?? 0) ends in a response: \(reader.text)")
        }
        world.note("connection \(link?.number ?? 0) ends: \(end.rawValue)")
        link?.close()
        whenEnded(end)
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        link?.close()
        whenEnded(.closed)
    }

    /// Leaves without a word, or with a reset.
    func leave(byReset: Bool) {
        guard isOpen else { return }
        isUnreliable = true
        if byReset { link?.reset() } else { link?.vanish() }
        isOpen = false
        whenEnded(.reset)
    }
}
