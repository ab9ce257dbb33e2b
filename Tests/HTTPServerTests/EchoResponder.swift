import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import HTTPTypes
import HTTPWire
import Logging
import Synchronization
import TestSupport
import Testing
import Time

/// A responder with paths for each kind of `Answer`. The response to `/loop` names the thread of the loop
/// that served it.
final class EchoResponder: Responder {
    /// The suspended handlers of `/wait`. `release` resumes them.
    let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
    let cancelled = Atomic<Int>(0)
    /// All requests of `/shared` so far. `release` makes their responses ready.
    let sharing = Mutex<[ResponseTicket]>([])
    /// The number of calls of `release`.
    let releases = Atomic<Int>(0)
    /// The requests of `/stream` and `/held`.
    let held = HeldRecord()
    private let mailboxes = Mutex<[any Mailbox]>([])
    /// The errors that ended loops of the server.
    let loopFailures = Mutex<[SystemError]>([])

    func makeLoopResponder(_ mailbox: any Mailbox) -> sending any LoopResponder {
        mailboxes.withLock { $0.append(mailbox) }
        return EchoLoop(self)
    }

    func answer(_ request: Request, _ loop: EchoLoop) -> Answer {
        let path = request.text(request.path)
        switch path {
        case "/body":
            return .deferred { body in Response(status: .ok, body: body) }
        case "/wait":
            return .deferred { _ in
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        self.waiting.withLock { $0.append(continuation) }
                    }
                } onCancel: {
                    self.cancelled.add(1, ordering: .relaxed)
                    self.release()
                }
                return Response(status: .ok, body: Array("waited".utf8))
            }
        case "/shared":
            return .waiting(EchoWaiter(loop))
        case let held where held.hasPrefix("/stream") || held.hasPrefix("/held"):
            return .waiting(EchoHeld(loop.holder, path: path))
        case "/batches":
            return .ready(Response(status: .ok, body: Array("\(self.held.batches)".utf8)))
        case "/loop":
            return .ready(Response(status: .ok, body: Array("\(pthread_self())".utf8)))
        case "/large":
            return .ready(Response(status: .ok, body: Self.large))
        case "/medium":
            return .ready(Response(status: .ok, body: Self.medium))
        default:
            return .ready(Response(status: .ok, body: Array(path.utf8)))
        }
    }

    func response(to refusal: Refusal, of request: Request?, from remoteAddress: SocketAddress) -> Response {
        let status: HTTPResponse.Status =
            switch refusal {
            case .malformed: .badRequest
            case .timeout: .requestTimeout
            case .contentTooLarge: .contentTooLarge
            case .targetTooLong: .uriTooLong
            case .expectationFailed: .expectationFailed
            case .fieldsTooLarge: .requestHeaderFieldsTooLarge
            case .notImplemented: .notImplemented
            case .versionNotSupported: .httpVersionNotSupported
            case .tooManyConnections: .serviceUnavailable
            }
        return Response(status: status, body: Array("refused".utf8))
    }

    /// Waits until a handler of `/wait` is suspended.
    func awaitHandler(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try eventually(sourceLocation: sourceLocation) { !waiting.withLock(\.isEmpty) }
    }

    /// Resumes all suspended handlers and delivers the responses of `/shared`. Returns the number of
    /// handlers.
    @discardableResult func release() -> Int {
        let waiting = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for continuation in waiting { continuation.resume() }
        releases.add(1, ordering: .releasing)
        for mailbox in mailboxes.withLock({ $0 }) { mailbox.wake() }
        return waiting.count
    }

    /// Orders something of all requests of `/stream` or `/held`.
    func order(_ order: HeldRecord.Order) {
        held.order(order)
        for mailbox in mailboxes.withLock({ $0 }) { mailbox.wake() }
    }

    /// Sends a piece to all streams.
    func publish(_ text: String) { order(.piece(StreamPiece(Array(text.utf8)))) }

    /// Larger than `Conversation.largestCopiedBody`, but small enough to be sent byte by byte.
    static let medium = Array(repeatElement(Array("a medium body. ".utf8), count: 1500).joined())
    /// Larger than any socket buffer.
    static let large = [UInt8](repeating: UInt8(ascii: "l"), count: 8_000_000)
}

/// Serves the requests of one loop.
final class EchoLoop: LoopResponder {
    let holder: EchoHolder
    private let responder: EchoResponder
    private var waiting: [ResponseTicket] = []
    private var releases = 0

    init(_ responder: EchoResponder) {
        self.responder = responder
        holder = EchoHolder(responder.held)
    }

    func answer(_ request: Request) -> Answer { responder.answer(request, self) }

    func response(to refusal: Refusal, of request: Request?, from address: SocketAddress) -> Response {
        responder.response(to: refusal, of: request, from: address)
    }

    func add(_ ticket: ResponseTicket) {
        waiting.append(ticket)
        responder.sharing.withLock { $0.append(ticket) }
    }

    func fanOut(_ deliveries: inout [Delivery], maximum: Int) -> Instant? {
        holder.fanOut(&deliveries, maximum: maximum)
    }

    func drain(over duration: Duration) { holder.drain(over: duration) }

    func endTurn(_ deliveries: inout [Delivery]) -> Instant? {
        holder.endTurn(&deliveries)
        let current = responder.releases.load(ordering: .acquiring)
        guard current != releases else { return nil }
        releases = current
        for ticket in waiting {
            deliveries.append(Delivery(to: ticket, Response(status: .ok, body: Array("shared".utf8))))
        }
        waiting = []
        return nil
    }
}

/// A request of `/shared` that waits for `release`.
private final class EchoWaiter: Waiter {
    private let loop: EchoLoop

    init(_ loop: EchoLoop) {
        self.loop = loop
    }

    func start(for ticket: ResponseTicket) { loop.add(ticket) }
}

/// A server with its own port and loops. It drains when it is released.
final class TestServer {
    let server: Server
    let responder = EchoResponder()
    private let ended = Ended()
    /// Whether the server has reported that all its loops have ended.
    var hasEnded: Bool { ended.flag.load(ordering: .acquiring) }
    var address: SocketAddress { server.address }

    init(_ change: (inout ServerConfiguration) -> Void = { _ in }) throws {
        var configuration = ServerConfiguration(
            address: .version4(0x7F00_0001, port: 0), workers: 1, limits: .defaults,
            maximumConnections: 10_000,
            clock: .system)
        change(&configuration)
        server = try Server(
            configuration: configuration, responder: responder,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try server.start { [responder] error in
            responder.loopFailures.withLock { $0.append(error) }
        } whenAllHaveEnded: { [ended] in
            ended.flag.store(true, ordering: .releasing)
        }
    }

    private final class Ended: Sendable {
        let flag = Atomic(false)
    }

    deinit {
        responder.release()
        server.drain(within: .zero)
        server.waitUntilStopped()
    }
}
