internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Logging
internal import Time

/// Drives one connection's conversation: performs its steps, and reports the results.
extension ConnectionLoop {
    /// Size in bytes at which a batch of pipelined responses is sent before more requests are answered.
    private static let batchSize = 65536

    mutating func drive(
        _ connection: inout Connection, _ id: ConnectionID, _ readiness: Readiness, at now: Instant
    ) {
        if readiness.isGone { return close(connection, id) }
        if readiness.canWrite, !connection.output.isEmpty {
            guard flush(&connection, id, at: now) else { return }
            if connection.output.isEmpty, case .waiter(let waiter) = connection.response {
                waiter.outputDrained()
            }
        }
        if connection.conversation.isStreaming {
            if readiness.hasEnded { connection.conversation.receiveEnd() }
            return advance(&connection, id, at: now)
        }
        if readiness.canRead {
            if connection.conversation.wantsBytes(pendingCount: connection.pending.count) {
                return read(&connection, id, hasEnd: readiness.hasEnded, at: now)
            }
            guard watch(&connection, id, reading: false) else { return }
        }
        advance(&connection, id, at: now)
    }

    mutating func timerEntryFired(_ connection: inout Connection, _ id: ConnectionID, at now: Instant) {
        // Stale entry: a later one for this connection is still in the wheel.
        if let entry = connection.timerEntry, entry > now { return }
        connection.timerEntry = nil
        guard let deadline = connection.conversation.deadline, deadline <= now else {
            return schedule(&connection, id)
        }
        if !connection.output.isEmpty { return close(connection, id, .slow) }
        connection.conversation.expire(at: now)
        advance(&connection, id, at: now)
    }

    /// Queues the response that a connection waited for, and continues.
    mutating func finish(
        _ connection: inout Connection, _ id: ConnectionID, with response: consuming Response, at now: Instant
    ) {
        connection.response = .none
        var input = takePending(&connection)
        guard respond(&connection, id, response, &input, at: now) else { return }
        advance(&connection, id, input, at: now)
    }

    /// Continues with the pending bytes.
    mutating func advance(_ connection: inout Connection, _ id: ConnectionID, at now: Instant) {
        advance(&connection, id, takePending(&connection), at: now)
    }

    /// Performs the conversation's steps until it waits and the output is either sent or blocked.
    mutating func advance(
        _ connection: inout Connection, _ id: ConnectionID, _ received: consuming ReceivedBytes,
        at now: Instant
    ) {
        var input = received
        while true {
            switch connection.conversation.next(&input, at: now) {
            case .wait:
                if connection.output.isEmpty || connection.isBlocked {
                    return rest(&connection, id, input)
                }
                guard flush(&connection, id, at: now) else { return keepReadBuffer(input) }
                if connection.isBlocked { return rest(&connection, id, input) }
            case .ask(let request):
                switch responder.answer(request) {
                case .ready(let response):
                    guard respond(&connection, id, response, &input, at: now) else {
                        return keepReadBuffer(input)
                    }
                case let later:
                    connection.response = .awaitsBody(later)
                    connection.conversation.awaitResponse(at: now)
                }
            case .interim:
                encode(&connection) { $0.append(contentsOf: Conversation.continueLine) }
            case .run(let body):
                start(&connection, id, body)
            case .refuse(let refusal, let request):
                let response = responder.response(
                    to: refusal, of: request, from: connection.conversation.remoteAddress)
                guard respond(&connection, id, response, &input, at: now) else {
                    return keepReadBuffer(input)
                }
            case .shutdownWrite:
                try? loop.system.shutdownWrite(connection.descriptor)
            case .close:
                keepReadBuffer(input)
                return close(connection, id)
            }
        }
    }

    /// Starts the answer after the body has been read. The response arrives at the end of a turn.
    private func start(_ connection: inout Connection, _ id: ConnectionID, _ body: [UInt8]) {
        guard case .awaitsBody(let answer) = connection.response else {
            preconditionFailure("only a deferred or waiting answer is started")
        }
        switch answer {
        case .deferred(let handler):
            connection.response = .task(
                Task.immediate(executorPreference: loop.executor) { [completions] in
                    completions.deliver(await handler(body), to: id)
                })
        case .waiting(let waiter):
            connection.response = .waiter(waiter)
            waiter.start(for: ResponseTicket(rawValue: id.source.rawValue))
        case .ready:
            preconditionFailure("a ready response is sent at once")
        }
    }

    // MARK: - Bytes in

    /// Reads once, advances the conversation, and rearms the poller if more can be read.
    mutating func read(_ connection: inout Connection, _ id: ConnectionID, hasEnd: Bool, at now: Instant) {
        var buffer = takeReadBuffer()
        do throws(SystemError) {
            let (count, isAll) = try loop.system.receive(connection.descriptor, into: &buffer)
            if count == 0 {
                readBuffer = buffer
                connection.conversation.receiveEnd()
                if case .waiter(let waiter) = connection.response { waiter.clientEnded() }
                return advance(&connection, id, at: now)
            }
            let mustRearm = !isAll || hasEnd
            let isFirst = connection.pending.isEmpty
            connection.conversation.bytesReceived(isFirst: isFirst, at: now)
            if isFirst {
                advance(
                    &connection, id, ReceivedBytes(consume buffer, count: count, isReadBuffer: true), at: now)
            } else {
                connection.pending += buffer[..<count]
                readBuffer = buffer
                advance(&connection, id, at: now)
            }
            if mustRearm, connections[id] != nil { _ = rearm(&connection, id) }
        } catch {
            readBuffer = buffer
            if error.isBlocked {
                guard rearm(&connection, id) else { return }
                return advance(&connection, id, at: now)
            }
            close(connection, id)
        }
    }

    /// Moves the pending bytes out of the connection.
    func takePending(_ connection: inout Connection) -> ReceivedBytes {
        var bytes: [UInt8] = []
        swap(&bytes, &connection.pending)
        let count = bytes.count
        return ReceivedBytes(bytes, count: count, isReadBuffer: false)
    }

    /// Stores the unconsumed bytes in the connection, and the read buffer in the loop.
    mutating func keep(_ connection: inout Connection, _ input: consuming ReceivedBytes) {
        if input.isReadBuffer {
            if !input.isEmpty { connection.pending = Array(input.rest) }
            readBuffer = input.takeBytes()
        } else if input.start == 0 {
            connection.pending = input.takeBytes()
        } else if !input.isEmpty {
            connection.pending = Array(input.rest)
        }
    }

    /// Returns the read buffer of a closed connection to the loop.
    private mutating func keepReadBuffer(_ input: consuming ReceivedBytes) {
        if input.isReadBuffer { readBuffer = input.takeBytes() }
    }

    // MARK: - Bytes out

    /// Encodes into the connection's queue. A queue without an array gets the loop's spare one.
    private mutating func encode<Result>(
        _ connection: inout Connection, _ encode: (inout [UInt8]) -> Result
    ) -> Result {
        lendSpare(&connection)
        return connection.output.encode(encode)
    }

    /// Lends the spare array to a queue without an array.
    mutating func lendSpare(_ connection: inout Connection) {
        if !connection.output.hasBuffer { connection.output.lend(spare.take() ?? SpareBuffer()) }
    }

    /// Queues a response, and sends if the batch is full or the body is not copied. Returns false if the
    /// connection was closed.
    mutating func respond(
        _ connection: inout Connection, _ id: ConnectionID, _ response: Response,
        first piece: StreamPiece? = nil, _ input: inout ReceivedBytes, at now: Instant
    ) -> Bool {
        if state.isDraining { connection.conversation.drain() }
        lendSpare(&connection)
        let body = connection.respond(response, first: piece, date: date.bytes, &input, at: now)
        if let body { connection.output.append(body: body) }
        if body == nil, connection.output.encodedCount < Self.batchSize || connection.isBlocked {
            return true
        }
        return connection.isBlocked || flush(&connection, id, at: now)
    }

    /// Sends the queued output, and reports the progress to the conversation. Returns false if the connection
    /// was closed.
    mutating func flush(_ connection: inout Connection, _ id: ConnectionID, at now: Instant) -> Bool {
        do throws(SystemError) {
            switch try connection.output.send(to: connection.descriptor, loop.system) {
            case .all:
                giveBack(&connection)
                connection.conversation.outputDrained(at: now)
            case .some where connection.isBlocked: connection.conversation.outputProgressed(at: now)
            case .some, .none: if !connection.isBlocked { connection.conversation.outputBlocked(at: now) }
            }
            return true
        } catch {
            close(connection, id)
            return false
        }
    }

    /// Takes the spare array back, unless a burst made it too large to keep.
    private mutating func giveBack(_ connection: inout Connection) {
        guard let buffer = connection.output.reclaim(), buffer.bytes.capacity <= 4 * Self.batchSize else {
            return
        }
        spare = consume buffer
    }
}
