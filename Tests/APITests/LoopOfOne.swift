import API
import Bytes
import HTTP
import HTTPWire
import Synchronization
import TestSupport
import Time

/// A loop with one connection and no socket, in the test's task.
final class LoopOfOne {
    /// Wake-ups as a stream that the test awaits.
    private struct WakeUps: Mailbox {
        let continuation: AsyncStream<Void>.Continuation

        func wake() { continuation.yield() }
        func finish() { continuation.finish() }
    }

    private let driver: ConversationDriver
    private let responder: any LoopResponder
    private let wakeUps: AsyncStream<Void>
    private let mailbox: WakeUps

    init(api: API, limits: Limits) {
        driver = ConversationDriver(limits: limits)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        wakeUps = stream
        mailbox = WakeUps(continuation: continuation)
        responder = api.makeLoopResponder(mailbox)
    }

    /// Sends a request, and returns the bytes of its response.
    func exchange(_ request: [UInt8]) async throws -> [UInt8] {
        driver.receive(request)
        var later: Answer?
        while true {
            switch driver.next() {
            case .ask(let request):
                let answer = responder.answer(request)
                if case .ready(let response) = answer { return output(response) }
                later = answer
                driver.awaitResponse()
            case .run(let body):
                if let response = await run(later, body) { return output(response) }
            case .refuse(let refusal, let request):
                return output(
                    responder.response(to: refusal, of: request, from: .version4(0x7F00_0001, port: 1234)))
            case .interim: break
            case .wait, .shutdownWrite, .close: throw Client.Failure.closed(received: driver.output)
            }
        }
    }

    private func run(_ answer: Answer?, _ body: [UInt8]) async -> Response? {
        switch answer {
        case .deferred(let handler): return await pump { await handler(body) }
        case .waiting(let waiter):
            waiter.start(for: ResponseTicket(rawValue: 1))
            var deliveries: [Delivery] = []
            turn(&deliveries)
            var wakeUps = wakeUps.makeAsyncIterator()
            while deliveries.isEmpty {
                await wakeUps.next()
                turn(&deliveries)
            }
            if case .response(let response, _)? = deliveries.first?.part { return response }
            return nil
        case .ready, nil: return nil
        }
    }

    /// Runs a handler, and ends a turn each time the handler wakes the loop.
    private func pump(_ handler: @escaping @Sendable () async -> Response) async -> Response {
        let task = Task { [mailbox] in
            defer { mailbox.finish() }
            return await handler()
        }
        for await _ in wakeUps {
            var deliveries: [Delivery] = []
            turn(&deliveries)
        }
        return await task.value
    }

    private func turn(_ deliveries: inout [Delivery]) {
        _ = responder.endTurn(&deliveries)
        _ = responder.fanOut(&deliveries, maximum: 256)
    }

    private func output(_ response: Response) -> [UInt8] {
        let body = driver.respond(response, date: [])
        return driver.output + (body ?? [])
    }
}
