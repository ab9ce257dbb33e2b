import API
import Bytes
import EventLoop
import HTTP
import HTTPServer
import HTTPWire
import Logging
import TestSupport
import Time

/// How a test reaches the API. Every test of an endpoint runs at each depth.
enum Depth: String, CaseIterable, Sendable {
    /// Through the connection's state machine, in the test's own task.
    case withoutSockets
    /// Through a server on a port of its own.
    case overSockets

    func connect(_ api: API, _ limits: Limits = Limits.defaults) throws -> any Exchange {
        switch self {
        case .withoutSockets: ConversationExchange(api: api, limits: limits)
        case .overSockets: try SocketExchange(api: api, limits: limits)
        }
    }
}

/// Sends the bytes of one request on a connection of its own, and takes the answer.
protocol Exchange: Sendable {
    /// `100 Continue` is passed over.
    func send(_ request: [UInt8]) async throws -> ReceivedResponse
}

/// What the bytes in and out would be on a connection, without the connection.
struct ConversationExchange: Exchange {
    let api: API
    let limits: Limits

    func send(_ request: [UInt8]) async throws -> ReceivedResponse {
        var conversation = Conversation(
            remoteAddress: .version4(0x7F00_0001, port: 1234), limits: limits, openedAt: .now)
        conversation.receive(request, count: request.count, at: .now)
        var output: [UInt8] = []
        var isAnswered = false
        var deferred: Answer?
        while !isAnswered {
            var response: Response?
            switch conversation.next(at: .now) {
            case .ask(let request):
                let answer = api.answer(request)
                if case .ready(let ready) = answer {
                    response = ready
                } else {
                    deferred = answer
                    conversation.awaitAnswer(at: .now)
                }
            case .run(let body): response = await run(deferred, body)
            case .refuse(let refusal, let request):
                response = api.response(to: refusal, of: request, from: .version4(0x7F00_0001, port: 1234))
            case .interim: break
            case .wait, .shutdownWrite, .close: throw Client.Failure.closed(received: output)
            }
            guard let response else { continue }
            let body = conversation.respond(response, date: [], into: &output, at: .now)
            output += body ?? []
            isAnswered = true
        }
        return try Self.read(output)
    }

    private func run(_ deferred: Answer?, _ body: [UInt8]) async -> Response? {
        switch deferred {
        case .deferred(let handler): await handler(body)
        case .shared(let join):
            await withCheckedContinuation { continuation in
                guard let work = join({ continuation.resume(returning: $0) }) else { return }
                Task { await work() }
            }
        case .ready, nil: nil
        }
    }

    private static func read(_ output: [UInt8]) throws -> ReceivedResponse {
        let end = (3..<output.count).first { output[($0 - 3)...$0].elementsEqual([13, 10, 13, 10]) }
        guard let end else { throw Client.Failure.malformed(String(decoding: output, as: UTF8.self)) }
        var response = try ReceivedResponse(head: Array(output[...end]))
        response.body = Array(output[(end + 1)...])
        return response
    }
}

/// A server that listens for as long as the exchange is there.
final class SocketExchange: Exchange {
    private let server: Server

    init(api: API, limits: Limits = Limits.defaults, maximumConnections: Int = 100) throws {
        let configuration = ServerConfiguration(
            address: .version4(0x7F00_0001, port: 0), workers: 1, limits: limits,
            maximumConnections: maximumConnections, clock: .system)
        server = try Server(
            configuration: configuration, responder: api,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try server.start { preconditionFailure("A loop failed: \($0).") }
    }

    deinit {
        server.drain(within: .zero)
        server.waitUntilStopped()
    }

    func connect() throws -> Client {
        try Client(server.address)
    }

    func send(_ request: [UInt8]) async throws -> ReceivedResponse {
        let client = try connect()
        try client.send(request)
        while true {
            let response = try client.response(toHead: request.starts(with: "HEAD ".utf8))
            if response.status != 100 { return response }
        }
    }
}
