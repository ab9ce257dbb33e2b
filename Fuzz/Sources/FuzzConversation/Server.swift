import Bytes
import FuzzSupport
import HTTP
import HTTPTypes
import Time

@testable import HTTPWire

/// A server that executes the steps of a conversation and checks that each step is allowed. Its responses
/// depend on the path only.
final class Server {
    /// A comparable form of a step.
    enum Event: Equatable {
        case ask(HTTPRequest.Method, path: [UInt8], hasBody: Bool)
        case run([UInt8])
        case stream
        case refuse(Refusal, path: [UInt8]?)
        case shutdownWrite
        case close
    }

    private let driver: ConversationDriver
    private let limits = Limits.small
    /// Small, so that an input may need several reads.
    private static let readBufferSize = 512
    private(set) var log: [Event] = []
    var output: [UInt8] { driver.output }
    private(set) var hasContinued = false
    /// Whether deferred responses are sent only when `answer` is called.
    var defersLate = false

    private enum Owed: Equatable {
        case nothing, body(Answer), answer(Answer)
    }

    private enum Answer: Equatable {
        case status(Int), stream
    }

    private var owed = Owed.nothing
    private var answersHead = false
    private var isHTTP10 = false
    private var isBlocked = false
    private var hasUnsent = false
    private var saidClose = false
    private var hasShutDown = false
    private var isClosed = false
    private var hasExpired = false
    private var hasEnded = false
    /// The stream that has begun: where it is in the output, and its content.
    private var stream: (start: Int, content: [UInt8], isInChunks: Bool)?

    init() {
        driver = ConversationDriver(limits: limits, readBufferSize: Self.readBufferSize)
    }

    // MARK: - Events

    func deliver(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, !hasEnded, driver.wantsBytes {
            let piece = rest.prefix(Self.readBufferSize)
            rest = rest.dropFirst(piece.count)
            driver.receive(piece)
            pull()
        }
    }

    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        driver.end()
        pull()
    }

    func pass(seconds: Int) {
        driver.now = driver.now + .seconds(seconds)
        guard let deadline = driver.conversation.deadline, deadline <= driver.now else { return }
        hasExpired = true
        driver.expire()
        pull()
    }

    func answer() {
        guard case .answer(let answer) = owed else { return }
        respond(answer)
        pull()
    }

    /// Sends a piece of the stream. Drops it while an earlier one is being sent.
    func sendPiece(count: Int) {
        guard isStreaming, !hasUnsent else { return }
        let piece = [UInt8](repeating: UInt8(ascii: "p"), count: count)
        stream?.content += piece
        driver.append(StreamPiece(piece))
        hasUnsent = true
        pull()
    }

    /// Ends the stream, with or without a last piece.
    func endStream(last count: Int) {
        guard isStreaming, !hasUnsent else { return }
        let piece = [UInt8](repeating: UInt8(ascii: "l"), count: count)
        stream?.content += piece
        driver.endStream(last: count == 0 ? nil : StreamPiece(piece))
        hasUnsent = true
        checkStream()
        pull()
    }

    func setBlocked(_ blocked: Bool) {
        isBlocked = blocked
        pull()
    }

    func drain() {
        driver.drain()
        pull()
    }

    /// Sends the pending response and advances the time until the connection is closed. The deadlines must
    /// end every connection.
    func finish() {
        while !isClosed {
            if case .answer = owed {
                answer()
            } else if isStreaming && !hasUnsent {
                endStream(last: 1)
            } else {
                require(driver.conversation.deadline != nil, "a waiting conversation has a deadline")
                pass(seconds: 100)
            }
        }
    }

    // MARK: - Steps

    private func pull() {
        var steps = 0
        while true {
            steps += 1
            require(steps < 10000, "the number of steps is bounded")
            switch driver.next() {
            case .wait:
                guard hasUnsent else { return rest() }
                if isBlocked {
                    driver.outputBlocked()
                    require(!driver.wantsBytes, "blocked output stops reading")
                    return rest()
                }
                hasUnsent = false
                driver.outputDrained()
            case .ask(let request): ask(request)
            case .interim:
                check(owed != .nothing, "100 Continue is sent only if the body is needed")
                hasContinued = true
                driver.append(Conversation.continueLine)
                hasUnsent = true
            case .run(let body):
                guard case .body(let answer) = owed else {
                    return require(false, "only a deferred response runs")
                }
                require(body.count <= limits.maximumBodyBytes, "a body is within its limit")
                log.append(.run(body))
                owed = .answer(answer)
                if !defersLate { respond(answer) }
            case .refuse(let refusal, let request): refuse(refusal, request)
            case .shutdownWrite:
                check(
                    !hasShutDown && !hasUnsent,
                    "the write side is shut down once, after all output is sent")
                hasShutDown = true
                log.append(.shutdownWrite)
            case .close:
                require(!isClosed, "a connection is closed once")
                require(
                    !hasUnsent || hasExpired || stream != nil && hasEnded,
                    "all output is sent before the connection is closed, unless the client leaves a stream")
                isClosed = true
                log.append(.close)
            }
        }
    }

    private func check(_ condition: Bool, _ rule: StaticString) {
        require(condition, rule.description)
        require(!isClosed, "no step follows close")
    }

    private func ask(_ request: Request) {
        check(
            owed == .nothing && !isWaitingForOutput, "one request at a time, and none while output is blocked"
        )
        require(!saidClose && !hasShutDown, "no request follows the last response")
        answersHead = request.method == .head
        log.append(
            .ask(request.method, path: Array(request.bytes[request.path]), hasBody: request.hasBody))
        let status = [200, 304, 204, 404][request.path.count % 4]
        if request.path.count % 5 == 3 {
            owed = .body(.stream)
            isHTTP10 = driver.conversation.current?.isHTTP10 ?? false
            driver.awaitResponse()
        } else if request.path.count % 3 == 1 {
            respond(.status(status))
        } else {
            owed = .body(.status(status))
            driver.awaitResponse()
        }
    }

    private func refuse(_ refusal: Refusal, _ request: Request?) {
        check(!isWaitingForOutput, "no refusal while output is blocked")
        if case .answer = owed { require(false, "a request with a complete body is not refused") }
        require(!saidClose && !hasShutDown, "no refusal follows the last response")
        log.append(.refuse(refusal, path: request.map { Array($0.bytes[$0.path]) }))
        answersHead = driver.conversation.current?.isHead ?? false
        respond(.status(400))
        require(saidClose, "a refusal closes the connection")
    }

    private func respond(_ answer: Answer) {
        owed = .nothing
        hasUnsent = true
        switch answer {
        case .status(let status): respond(status)
        case .stream: beginStream()
        }
    }

    private func beginStream() {
        let start = output.count
        var response = Response(status: .ok)
        response.isStream = true
        let first = Array("first".utf8)
        let large = driver.respond(response, first: StreamPiece(first), date: Array("now".utf8))
        require(large == nil, "a small piece is copied")
        if isClosed { return require(output.count == start, "a late stream is dropped") }
        log.append(.stream)
        saidClose = true
        stream = (start, answersHead ? [] : first, !isHTTP10)
        require(isStreaming != answersHead, "a stream begins, unless the request is HEAD")
        if answersHead { checkStream() }
    }

    /// Checks the frame of a stream that has ended.
    private func checkStream() {
        guard let stream else { return }
        var reader = ResponseReader(Array(output[stream.start...]))
        let message = reader.next(answersHead: answersHead, .stream)
        require(message?.status == 200 && reader.rest.isEmpty, "a stream is exactly one message")
        require(message?.body == stream.content, "a stream has the content of its pieces")
        require(
            (message?.fields["Transfer-Encoding"] == "chunked") == stream.isInChunks,
            "a stream is in chunks, except for HTTP/1.0")
    }

    private var isStreaming: Bool { driver.conversation.isStreaming }

    private func respond(_ status: Int) {
        let start = output.count
        let body = [UInt8](repeating: UInt8(ascii: "b"), count: status)
        let response = Response(status: .init(code: status, reasonPhrase: "Reason"), body: body)
        let large = driver.respond(response, date: Array("now".utf8))
        require(large == nil, "small bodies are copied")
        if isClosed { return require(output.count == start, "a late response is dropped") }
        var reader = ResponseReader(Array(output[start...]))
        let message = reader.next(answersHead: answersHead)
        require(message?.status == status && reader.rest.isEmpty, "a response is exactly one message")
        saidClose = message?.fields["Connection"] == "close"
    }

    private var isWaitingForOutput: Bool { isBlocked && hasUnsent && driver.conversation.isOutputBlocked }

    /// Checks the invariants of a waiting conversation.
    private func rest() {
        require(driver.readBuffer != nil, "the read buffer is returned")
        require(
            driver.pendingCount <= limits.maximumHeaderBytes + Self.readBufferSize,
            "the kept bytes are bounded")
        if isClosed {
            require(
                !driver.wantsBytes && driver.conversation.deadline == nil,
                "a closed conversation wants no bytes and has no deadline")
        } else if case .answer = owed {
            require(
                hasUnsent || driver.conversation.deadline == nil, "a pending response has no deadline here")
        } else if isStreaming {
            require(!driver.wantsBytes && !hasEnded, "a stream reads nothing, and ends with its client")
            require(
                (driver.conversation.deadline != nil) == hasUnsent,
                "a stream has a deadline while its output is blocked")
        } else {
            require(driver.conversation.deadline != nil, "a waiting conversation has a deadline")
        }
    }
}
