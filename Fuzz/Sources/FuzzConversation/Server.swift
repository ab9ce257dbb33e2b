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

    private let driver: ConversationDriver
    private let limits = Limits.small
    /// Small, so that one input may take several.
    private static let readBufferSize = 512
    private(set) var log: [Event] = []
    var output: [UInt8] { driver.output }
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
        guard case .answer(let status) = owed else { return }
        respond(status)
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

    /// Answers what is owed and lets time pass until nothing can happen any more. Every connection must come
    /// to its end by its deadlines.
    func finish() {
        while !isClosed {
            if case .answer = owed {
                answer()
            } else {
                require(driver.conversation.deadline != nil, "a conversation that waits has a deadline")
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
                check(owed != .nothing, "only a client whose body is wanted is told to continue")
                hasContinued = true
                driver.append(Conversation.continueLine)
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
            driver.awaitResponse()
        }
    }

    private func refuse(_ refusal: Refusal, _ request: Request?) {
        check(!isWaitingForOutput, "nothing is refused while output is blocked")
        if case .answer = owed { require(false, "a request whose body is complete is answered") }
        require(!saidClose && !hasShutDown, "nothing is refused after the last answer")
        log.append(.refuse(refusal, path: request.map { Array($0.bytes[$0.path]) }))
        answersHead = driver.conversation.current?.isHead ?? false
        respond(400)
        require(saidClose, "a refusal closes the connection")
    }

    private func respond(_ status: Int) {
        owed = .nothing
        hasUnsent = true
        let start = output.count
        let body = [UInt8](repeating: UInt8(ascii: "b"), count: status)
        let response = Response(status: .init(code: status, reasonPhrase: "Reason"), body: body)
        let large = driver.respond(response, date: Array("now".utf8))
        require(large == nil, "small bodies are copied")
        if isClosed { return require(output.count == start, "a late answer is dropped") }
        var reader = ResponseReader(Array(output[start...]))
        let message = reader.next(answersHead: answersHead)
        require(message?.status == status && reader.rest.isEmpty, "an answer is exactly one message")
        saidClose = message?.fields["Connection"] == "close"
    }

    private var isWaitingForOutput: Bool { isBlocked && hasUnsent && driver.conversation.isOutputBlocked }

    /// What must hold whenever the conversation waits.
    private func rest() {
        require(driver.readBuffer != nil, "the read buffer comes back")
        require(
            driver.pendingCount <= limits.maximumHeaderBytes + Self.readBufferSize, "what is kept is bounded")
        if isClosed {
            require(!driver.wantsBytes && driver.conversation.deadline == nil, "nothing follows close")
        } else if case .answer = owed {
            require(hasUnsent || driver.conversation.deadline == nil, "an answer's deadline is its own")
        } else {
            require(driver.conversation.deadline != nil, "a conversation that waits has a deadline")
        }
    }
}
