import Bytes
import FuzzSupport
import HTTP
import HTTPTypes
import Time

@testable import HTTPWire

/// A server that does what the conversation says, answers in ways that depend on the path alone, and checks
/// with every step that it was allowed.
final class Server {
    /// What happened, in a form that can be compared.
    enum Event: Equatable {
        case ask(HTTPRequest.Method, path: [UInt8], hasBody: Bool)
        case run([UInt8])
        case refuse(Refusal, path: [UInt8]?)
        case shutdownWrite
        case close
    }

    private var conversation: Conversation
    private let limits: Limits
    private var now = ManualClock().now
    /// Small, so that one input may take several.
    private static let readBufferSize = 512
    private var readBuffer: [UInt8]? = [UInt8](repeating: 0x0A, count: Server.readBufferSize)
    private(set) var log: [Event] = []
    private(set) var output: [UInt8] = []
    private(set) var hasContinued = false
    /// Whether deferred answers are only made when `answer` is called.
    var defersLate = false

    private enum Owed: Equatable {
        case nothing, body(status: Int), answer(status: Int)
    }

    private var owed = Owed.nothing
    private var answersHead = false
    private var isBlocked = false
    private var hasUnsent = false
    private var saidClose = false
    private var hasShutDown = false
    private var isClosed = false
    private var hasExpired = false
    private var hasEnded = false

    init() {
        limits = .small
        conversation = Conversation(
            remoteAddress: .version4(0x7F00_0001, port: 4711), limits: limits, openedAt: now)
    }

    // MARK: - Events

    func deliver(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, !hasEnded, conversation.wantsBytes, var readBuffer = readBuffer.take() {
            let count = min(rest.count, readBuffer.count)
            readBuffer.replaceSubrange(0..<count, with: rest.prefix(count))
            rest = rest.dropFirst(count)
            conversation.receive(consume readBuffer, count: count, at: now)
            pull()
        }
    }

    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        conversation.receiveEnd()
        pull()
    }

    func pass(seconds: Int) {
        now = now + .seconds(seconds)
        guard let deadline = conversation.deadline, deadline <= now else { return }
        hasExpired = true
        conversation.expire(at: now)
        pull()
    }

    func answer() {
        guard case .answer(let status) = owed else { return }
        respond(status)
        pull()
    }

    func setBlocked(_ blocked: Bool) {
        isBlocked = blocked
        pull()
    }

    func drain() {
        conversation.drain()
        pull()
    }

    /// Answers what is owed and lets time pass until nothing can happen any more. Every connection must come
    /// to its end by its deadlines.
    func finish() {
        while !isClosed {
            if case .answer = owed {
                answer()
            } else {
                require(conversation.deadline != nil, "a conversation that waits has a deadline")
                pass(seconds: 100)
            }
        }
    }

    // MARK: - Steps

    private func pull() {
        var steps = 0
        while true {
            steps += 1
            require(steps < 10000, "the steps come to an end")
            switch conversation.next(at: now) {
            case .wait:
                guard hasUnsent else { return rest() }
                if isBlocked {
                    conversation.outputBlocked(at: now)
                    require(!conversation.wantsBytes, "blocked output stops reading")
                    return rest()
                }
                hasUnsent = false
                conversation.outputDrained(at: now)
            case .ask(let request): ask(request)
            case .interim:
                check(owed != .nothing, "only a client whose body is wanted is told to continue")
                hasContinued = true
                hasUnsent = true
            case .run(let body):
                guard case .body(let status) = owed else {
                    return require(false, "only a deferred answer runs")
                }
                require(body.count <= limits.maximumBodyBytes, "a body is within its limit")
                log.append(.run(body))
                owed = .answer(status: status)
                if !defersLate { respond(status) }
            case .refuse(let refusal, let request): refuse(refusal, request)
            case .shutdownWrite:
                check(
                    !hasShutDown && !hasUnsent,
                    "all is sent before the write side is shut down, and that once")
                hasShutDown = true
                log.append(.shutdownWrite)
            case .close:
                require(!isClosed, "a connection is closed once")
                require(!hasUnsent || hasExpired, "all is sent before the connection is closed")
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
        require(!saidClose && !hasShutDown, "nothing is asked after the last answer")
        answersHead = request.method == .head
        log.append(
            .ask(request.method, path: Array(request.bytes[request.path]), hasBody: request.hasBody))
        let status = [200, 304, 204, 404][request.path.count % 4]
        if request.path.count % 3 == 1 {
            respond(status)
        } else {
            owed = .body(status: status)
            conversation.awaitAnswer(at: now)
        }
    }

    private func refuse(_ refusal: Refusal, _ request: Request?) {
        check(!isWaitingForOutput, "nothing is refused while output is blocked")
        if case .answer = owed { require(false, "a request whose body is complete is answered") }
        require(!saidClose && !hasShutDown, "nothing is refused after the last answer")
        log.append(.refuse(refusal, path: request.map { Array($0.bytes[$0.path]) }))
        answersHead = request?.method == .head
        respond(400)
        require(saidClose, "a refusal closes the connection")
    }

    private func respond(_ status: Int) {
        owed = .nothing
        hasUnsent = true
        let start = output.count
        let body = [UInt8](repeating: UInt8(ascii: "b"), count: status)
        let response = Response(status: .init(code: status, reasonPhrase: "Reason"), body: body)
        let large = conversation.respond(response, date: Array("now".utf8), into: &output, at: now)
        require(large == nil, "small bodies are copied")
        if isClosed { return require(output.count == start, "a late answer is dropped") }
        var reader = ResponseReader(Array(output[start...]))
        let message = reader.next(answersHead: answersHead)
        require(message?.status == status && reader.rest.isEmpty, "an answer is exactly one message")
        saidClose = message?.fields["Connection"] == "close"
    }

    private var isWaitingForOutput: Bool { isBlocked && hasUnsent && conversation.isOutputBlocked }

    /// What must hold whenever the conversation waits.
    private func rest() {
        if readBuffer == nil { readBuffer = conversation.reclaimReadBuffer() }
        require(readBuffer != nil && conversation.lentReadBuffer == nil, "the readBuffer comes back")
        require(
            conversation.bytes.count <= limits.maximumHeaderBytes + Server.readBufferSize,
            "what is kept is bounded")
        if conversation.isIdle {
            require(conversation.bytes.capacity == 0, "an idle conversation owns nothing")
        }
        if isClosed {
            require(!conversation.wantsBytes && conversation.deadline == nil, "nothing follows close")
        } else if case .answer = owed {
            require(hasUnsent || conversation.deadline == nil, "an answer's deadline is its own")
        } else {
            require(conversation.deadline != nil, "a conversation that waits has a deadline")
        }
    }
}
