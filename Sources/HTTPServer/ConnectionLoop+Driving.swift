internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Time

/// Drives one connection's conversation: does what it says, and tells it what became of it.
extension ConnectionLoop {
    /// Encoded bytes after which a batch of pipelined answers is sent before more requests are answered.
    private static let batchSize = 65536

    mutating func drive(
        _ connection: Connection, _ id: ConnectionID, _ readiness: Readiness, at now: Instant
    ) {
        precondition(output.isEmpty, "what is encoded belongs to one connection, and that one has been left")
        if readiness.isGone { return close(connection, id) }
        if readiness.canWrite, let unsent = connection.unsent {
            guard send(unsent, connection, id, at: now) else { return }
            if unsent.isEmpty, let late = unsent.late.take() {
                guard respond(connection, id, late, at: now) else { return }
            }
        }
        if readiness.canRead {
            if connection.conversation.wantsBytes {
                guard receive(connection, id, hasEnd: readiness.hasEnded, at: now) else { return }
            } else {
                guard watch(connection, id, reading: false) else { return }
            }
        }
        advance(connection, id, at: now)
    }

    mutating func timerEntryFired(_ connection: Connection, _ id: ConnectionID, at now: Instant) {
        // A timerEntry that is still to come is the one to go by; this one was overtaken by it.
        if let timerEntry = connection.timerEntry, timerEntry > now { return }
        connection.timerEntry = nil
        if let deadline = connection.conversation.deadline, deadline <= now {
            if connection.unsent != nil { return close(connection, id) }
            connection.conversation.expire(at: now)
            advance(connection, id, at: now)
        } else {
            schedule(connection, id)
        }
    }

    mutating func finish(
        _ connection: Connection, _ id: ConnectionID, with response: consuming Response, at now: Instant
    ) {
        precondition(output.isEmpty, "what is encoded belongs to one connection, and that one has been left")
        connection.task = nil
        if let unsent = connection.unsent {
            unsent.late = response
            return
        }
        guard respond(connection, id, response, at: now) else { return }
        advance(connection, id, at: now)
    }

    /// Does what the conversation asks for until it waits and nothing is left to send.
    mutating func advance(_ connection: Connection, _ id: ConnectionID, at now: Instant) {
        while connection.unsent == nil {
            switch connection.conversation.next(at: now) {
            case .wait:
                if output.isEmpty { return rest(connection, id) }
                guard flush(connection, id, at: now) else { return }
            case .ask(let request):
                switch responder.answer(request) {
                case .ready(let response):
                    guard respond(connection, id, response, at: now) else { return }
                case let later:
                    connection.deferred = later
                    connection.conversation.awaitAnswer(at: now)
                }
            case .interim:
                output.append(contentsOf: Conversation.continueLine)
            case .run(let body):
                run(connection, id, body)
            case .refuse(let refusal, let request):
                let response = responder.response(to: refusal, of: request, from: connection.remoteAddress)
                guard respond(connection, id, response, at: now) else { return }
            case .shutdownWrite:
                try? loop.system.shutdownWrite(connection.descriptor)
            case .close:
                return close(connection, id)
            }
        }
        rest(connection, id)
    }

    // MARK: - Handlers

    /// Starts to answer. What is answered when this returns is sent at the turn's end.
    private mutating func run(_ connection: Connection, _ id: ConnectionID, _ body: [UInt8]) {
        switch connection.deferred.take() {
        case .deferred(let handler):
            connection.task = Task.immediate(executorPreference: loop.executor) { [completions] in
                completions.deliver(await handler(body), to: id)
            }
        case .shared(let join):
            guard let work = join({ [completions] in completions.deliver($0, to: id) }) else { return }
            completions.workBegins()
            // Not at once: everybody who asks in this turn shares it from its beginning.
            Task(executorPreference: loop.executor) { [completions] in
                await work()
                completions.workEnds()
            }
        case .ready, nil:
            preconditionFailure("Only what was deferred is run.")
        }
    }

    // MARK: - Bytes in

    /// Reads once, and asks for another report where more can be read. False when the connection is gone.
    private mutating func receive(
        _ connection: Connection, _ id: ConnectionID, hasEnd: Bool, at now: Instant
    ) -> Bool {
        var buffer = takeReadBuffer()
        do {
            let (count, isAll) = try loop.system.receive(connection.descriptor, into: &buffer)
            if count == 0 {
                readBuffer = buffer
                connection.conversation.receiveEnd()
                return true
            }
            connection.conversation.receive(buffer, count: count, at: now)
            return isAll && !hasEnd || rearm(connection, id)
        } catch {
            readBuffer = buffer
            if error.isBlocked { return rearm(connection, id) }
            close(connection, id)
            return false
        }
    }

    // MARK: - Bytes out

    /// Encodes an answer, and sends when the batch is full or the body goes out as it is. False when the
    /// connection is gone.
    private mutating func respond(
        _ connection: Connection, _ id: ConnectionID, _ response: consuming Response, at now: Instant
    ) -> Bool {
        if state.isDraining { connection.conversation.drain() }
        let body = connection.conversation.respond(response, date: date.bytes, into: &output, at: now)
        if body == nil, output.count < Self.batchSize { return true }
        return flush(connection, id, body: body ?? [], at: now)
    }

    /// Sends what is encoded, and keeps what the kernel does not take. False when the connection is gone.
    private mutating func flush(
        _ connection: Connection, _ id: ConnectionID, body: [UInt8] = [], at now: Instant
    ) -> Bool {
        defer { output.removeAll(keepingCapacity: output.capacity <= 4 * Self.batchSize) }
        do {
            let count = try send(connection, output, 0, body, 0)
            if count == output.count + body.count {
                connection.conversation.outputDrained(at: now)
            } else {
                keep(connection, body, sent: count, at: now)
            }
            return true
        } catch {
            if error.isBlocked {
                keep(connection, body, sent: 0, at: now)
                return true
            }
            close(connection, id)
            return false
        }
    }

    private mutating func send(
        _ connection: Connection, _ encoded: [UInt8], _ encodedOffset: Int, _ body: [UInt8], _ bodyOffset: Int
    ) throws(SystemError) -> Int {
        if body.isEmpty {
            return try loop.system.send(connection.descriptor, encoded, from: encodedOffset)
        }
        if encodedOffset == encoded.count {
            return try loop.system.send(connection.descriptor, body, from: bodyOffset)
        }
        return try loop.system.send(
            connection.descriptor, encoded, from: encodedOffset, then: body, from: bodyOffset)
    }

    private func keep(
        _ connection: Connection, _ body: [UInt8], sent count: Int, at now: Instant
    ) {
        let encodedCount = min(count, output.count)
        connection.unsent = Connection.Unsent(
            encoded: Array(output[encodedCount...]), body: body, bodyOffset: count - encodedCount)
        connection.conversation.outputBlocked(at: now)
    }

    /// Sends what was kept. False when the connection is gone.
    private mutating func send(
        _ unsent: Connection.Unsent, _ connection: Connection, _ id: ConnectionID, at now: Instant
    ) -> Bool {
        do {
            let count = try send(
                connection, unsent.encoded, unsent.encodedOffset, unsent.body, unsent.bodyOffset)
            let encodedCount = min(count, unsent.encoded.count - unsent.encodedOffset)
            unsent.encodedOffset += encodedCount
            unsent.bodyOffset += count - encodedCount
        } catch {
            if error.isBlocked { return true }
            close(connection, id)
            return false
        }
        guard unsent.isEmpty else {
            connection.conversation.outputProgressed(at: now)
            return true
        }
        connection.unsent = nil
        connection.conversation.outputDrained(at: now)
        return true
    }

    // MARK: - Rest

    /// Leaves a connection until its next event: takes the read buffer back, watches for what it wants,
    /// sets its timer.
    private mutating func rest(_ connection: Connection, _ id: ConnectionID) {
        if let lent = connection.conversation.reclaimReadBuffer() { readBuffer = lent }
        // What comes although it is not wanted is noticed when it is there, which it nearly never is.
        let reading = connection.interest.reading || connection.conversation.wantsBytes
        guard watch(connection, id, reading: reading) else { return }
        schedule(connection, id)
    }

    mutating func schedule(_ connection: Connection, _ id: ConnectionID) {
        guard let deadline = connection.conversation.deadline else { return }
        if let timerEntry = connection.timerEntry, timerEntry <= deadline { return }
        connection.timerEntry = deadline
        loop.timers.add(id.source, at: deadline)
    }

    /// Tells the poller what a connection waits for. False when the connection is gone.
    private mutating func watch(_ connection: Connection, _ id: ConnectionID, reading: Bool) -> Bool {
        let writing = connection.unsent != nil
        // Only reading goes by edges, because it is what connections nearly always wait for.
        let interest = Interest(reading: reading, writing: writing, byEdge: reading && !writing)
        guard interest != connection.interest else { return true }
        connection.interest = interest
        return rearm(connection, id)
    }

    /// Has the poller look anew. False when the connection is gone.
    private mutating func rearm(_ connection: Connection, _ id: ConnectionID) -> Bool {
        do {
            try loop.poller.modify(connection.descriptor, source: id.source, interest: connection.interest)
            return true
        } catch {
            close(connection, id)
            return false
        }
    }
}
