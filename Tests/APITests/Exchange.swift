import API
import Bytes
import EventLoop
import HTTP
import HTTPServer
import HTTPWire
import Logging
import TestSupport
import Time

/// How a test reaches the API. Most tests run at each depth.
enum Depth: String, CaseIterable, Sendable {
    /// Through the state machine of a connection, in the test's task.
    case withoutSockets
    /// Through a server with its own port.
    case overSockets

    func connect(_ api: API, _ limits: Limits = Limits.defaults) throws -> any Exchange {
        switch self {
        case .withoutSockets: ConversationExchange(api: api, limits: limits)
        case .overSockets: try SocketExchange(api: api, limits: limits)
        }
    }
}

/// Sends the bytes of one request on a new connection, and returns the response.
protocol Exchange: Sendable {
    /// Skips `100 Continue`.
    func send(_ request: [UInt8]) async throws -> ReceivedResponse
}

/// Exchanges the bytes with a conversation, without a socket.
struct ConversationExchange: Exchange {
    let api: API
    let limits: Limits

    func send(_ request: [UInt8]) async throws -> ReceivedResponse {
        let connection = LoopOfOne(api: api, limits: limits)
        return try Self.read(await connection.exchange(request))
    }

    private static func read(_ output: [UInt8]) throws -> ReceivedResponse {
        let end = (3..<output.count).first { output[($0 - 3)...$0].elementsEqual([13, 10, 13, 10]) }
        guard let end else { throw Client.Failure.malformed(String(decoding: output, as: UTF8.self)) }
        var response = try ReceivedResponse(head: Array(output[...end]))
        response.body = Array(output[(end + 1)...])
        return response
    }
}

/// A server that listens until the exchange is released.
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
