internal import Bytes
internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Logging
internal import Time

/// One event loop's connections: accepts them and handles their events.
///
/// Noncopyable and owned by one thread, so that exclusive access is checked at compile time and not at run
/// time.
struct ConnectionLoop: EventHandler, ~Copyable {
    let loop: EventLoop
    let responder: any LoopResponder
    let state: ServerState
    let completions: Completions
    let limits: Limits
    let logger: Logger
    private var listener: Listener?
    private(set) var connections = ConnectionSlots()
    private(set) var idle = IdleConnections()
    var date = DateField()
    /// The array that the next connection with output borrows; nil while one has it.
    var spare: SpareBuffer?
    /// Responses that are being delivered. Empty between turns, and reused.
    private var responses: [Completions.Completion] = []
    private var deliveries: [Delivery] = []
    /// The buffer for every read. Nil while its bytes are being consumed (`ReceivedBytes`), and before the
    /// first read.
    var readBuffer: [UInt8]?
    private var drainBegan: Instant?
    /// The deadline for which a timer is set. `drain` may be called again with an earlier one.
    private var drainDeadline: Instant?

    /// Maximum number of bytes read from one connection at a time: large enough for a batch of pipelined
    /// requests, small enough that other connections are not delayed.
    static let readBufferSize = 65536
    /// Maximum number of connections accepted in one turn, so that open connections are served in between.
    private static let acceptsPerTurn = 64
    /// Maximum number of deliveries to held requests in one turn, so that other connections are served
    /// between two batches. One takes about 10 µs.
    private static let deliveriesPerTurn = 256
    /// How long accepting pauses when descriptors or memory have run out, or too many connections are being
    /// rejected.
    private static let acceptPause = Duration.milliseconds(100)
    /// How long an idle connection stays open after draining has begun, for a request that is in flight.
    private static let drainQuiet = Duration.seconds(1)
    /// Sources below 2³² are not connections.
    private static let listenerSource: EventSource = 1
    private static let drainSource: EventSource = 2

    init(
        loop: EventLoop, listener: Listener, responder: any LoopResponder, state: ServerState, limits: Limits,
        logger: Logger
    ) throws(SystemError) {
        self.loop = loop
        completions = Completions(wakes: loop.executor)
        self.listener = listener
        self.responder = responder
        self.state = state
        self.limits = limits
        self.logger = logger
        try loop.poller.add(
            listener.descriptor, source: Self.listenerSource, interest: Interest(reading: true))
    }

    // MARK: - Events

    mutating func ready(_ source: EventSource, _ readiness: Readiness, at now: Instant) {
        let id = ConnectionID(source: source)
        if source == Self.listenerSource {
            acceptWaiting(atMost: Self.acceptsPerTurn, at: now)
        } else if let box = connections[id] {
            drive(&box.connection, id, readiness, at: now)
        }
    }

    mutating func timerFired(_ source: EventSource, at now: Instant) {
        switch source {
        case Self.listenerSource: resumeListening()
        case Self.drainSource: break
        default:
            let id = ConnectionID(source: source)
            guard let box = connections[id] else { return }
            timerEntryFired(&box.connection, id, at: now)
        }
    }

    mutating func turnBegins() {
        date.refresh(loop.clock)
    }

    mutating func turnEnded(at now: Instant) -> Bool {
        handOutResponses(at: now)
        guard let deadline = state.deadline else { return true }
        return continueDraining(until: deadline, at: now)
    }

    /// Delivers the ready responses to their connections, and one batch of the requests that were held.
    private mutating func handOutResponses(at now: Instant) {
        var alarm = handOutReadyResponses(at: now)
        deliveries.removeAll(keepingCapacity: true)
        let nextBatch = responder.fanOut(&deliveries, maximum: Self.deliveriesPerTurn)
        if !deliveries.isEmpty {
            deliver(at: now)
            alarm = handOutReadyResponses(at: now)
        }
        loop.alarm = earliest(alarm, nextBatch)
    }

    /// Delivers the responses that are ready. Repeats, because a delivery can start the next pipelined
    /// request, whose response may be ready at once. Returns when the responder must be called again.
    private mutating func handOutReadyResponses(at now: Instant) -> Instant? {
        var alarm: Instant?
        repeat {
            completions.takeAll(&responses)
            for (id, response) in responses {
                guard let box = connections[id] else { continue }
                finish(&box.connection, id, with: response, at: now)
            }
            deliveries.removeAll(keepingCapacity: true)
            alarm = responder.endTurn(&deliveries)
            deliver(at: now)
        } while !responses.isEmpty || !deliveries.isEmpty
        return alarm
    }

    private mutating func deliver(at now: Instant) {
        for delivery in deliveries {
            let id = ConnectionID(source: EventSource(rawValue: delivery.ticket.rawValue))
            guard let box = connections[id] else { continue }
            deliver(delivery.part, to: &box.connection, id, at: now)
        }
    }

    // MARK: - Connections

    private mutating func acceptWaiting(atMost count: Int, at now: Instant) {
        guard let listener else { return }
        for _ in 0..<count {
            // Over the limit: further connections wait in the kernel's queue until some of the rejected ones
            // are closed.
            guard state.mayReject || state.hasPlace || idle.longest(of: connections, at: now) != nil else {
                return pause(at: now)
            }
            do throws(SystemError) {
                var peer = SocketAddress.version4(0, port: 0)
                let descriptor = try loop.system.accept(listener.descriptor, peer: &peer)
                admit(descriptor, peer, at: now)
            } catch {
                if error.isBlocked { return }
                if error.isExhaustion {
                    logExhaustion(error, at: now)
                    return pause(at: now)
                }
                // Other errors concern only the connection that was to be accepted, which is lost
                // (accept(2)).
            }
        }
    }

    private func logExhaustion(_ error: SystemError, at now: Instant) {
        guard let suppressed = state.exhaustionLog.admit(at: now) else { return }
        logger.error(
            "Cannot accept connections: \(error.exhaustedResource ?? "out of memory")",
            metadata: ["error": "\(error)", "suppressed": "\(suppressed)"])
    }

    private mutating func admit(
        _ descriptor: consuming FileDescriptor, _ remoteAddress: SocketAddress,
        at now: Instant
    ) {
        let hasPlace = takePlace(at: now)
        // False only if another loop has just taken the last place: this connection is closed.
        guard hasPlace || state.connectionRejected() else { return }
        let box = ConnectionBox(
            Connection(
                descriptor: descriptor, remoteAddress: remoteAddress, limits: limits, openedAt: now,
                isOverLimit: !hasPlace))
        let id = connections.insert(box)
        guard box.connection.isOverLimit else {
            // Read at once: the request has nearly always arrived already.
            return read(&box.connection, id, hasEnd: false, at: now)
        }
        box.connection.conversation.rejectOverLimit()
        advance(&box.connection, id, at: now)
    }

    /// Registers a new connection. If every place is taken, closes the connection that has been idle longest.
    /// Returns false if none has been idle for long enough.
    private mutating func takePlace(at now: Instant) -> Bool {
        while !state.connectionOpened() {
            guard let id = idle.longest(of: connections, at: now), let box = connections[id] else {
                return false
            }
            let idleSince = box.connection.idleSince
            // A request may have arrived that no event has reported yet. It is answered.
            read(&box.connection, id, hasEnd: false, at: now)
            guard connections[id] != nil, box.connection.idleSince == idleSince else { continue }
            close(box.connection, id)
        }
        return true
    }

    /// Removes a connection, and cancels its handler. Its descriptor closes with the last reference.
    mutating func close(
        _ connection: borrowing Connection, _ id: ConnectionID, _ reason: ConnectionEnd = .gone
    ) {
        guard connections.remove(id) else { return }
        switch connection.response {
        case .task(let task): task.cancel()
        case .waiter(let waiter): waiter.connectionClosed(reason)
        case .none, .awaitsBody: break
        }
        state.connectionClosed(wasOverLimit: connection.isOverLimit)
    }

    mutating func takeReadBuffer() -> [UInt8] {
        defer { readBuffer = nil }
        return readBuffer ?? [UInt8](repeating: 0, count: Self.readBufferSize)
    }

    /// Stops accepting for `acceptPause`, because an immediate retry would spin. New connections wait in the
    /// kernel's queue.
    private mutating func pause(at now: Instant) {
        guard let listener else { return }
        try? loop.poller.remove(listener.descriptor)
        loop.timers.add(Self.listenerSource, at: now + Self.acceptPause)
    }

    private mutating func resumeListening() {
        guard let listener else { return }
        do {
            try loop.poller.add(
                listener.descriptor, source: Self.listenerSource, interest: Interest(reading: true))
        } catch {
            loop.timers.add(Self.listenerSource, at: loop.clock.now + Self.acceptPause)
        }
    }

    // MARK: - Draining

    /// Continues to drain. Returns whether the loop must keep running.
    private mutating func continueDraining(
        until deadline: Instant, at now: Instant
    ) -> Bool {
        guard let drainBegan else {
            beginDraining(until: deadline, at: now)
            return isNeeded
        }
        if now >= deadline {
            for id in connections.ids {
                if let box = connections[id] { close(box.connection, id, .shutdown) }
            }
            return false
        }
        if deadline != drainDeadline {
            drainDeadline = deadline
            loop.timers.add(Self.drainSource, at: deadline)
        }
        if now >= drainBegan + Self.drainQuiet {
            drainAll(at: now)
        }
        return isNeeded
    }

    private var isNeeded: Bool { connections.count > 0 }

    /// Accepts the connections that wait in the listener, because closing it would reset them, then closes
    /// it. Idle connections stay open for `drainQuiet`: each may have a request in flight.
    private mutating func beginDraining(
        until deadline: Instant, at now: Instant
    ) {
        acceptWaiting(atMost: Int(Listener.backlog), at: now)
        listener = nil
        drainBegan = now
        responder.drain(over: min(Self.drainQuiet, (deadline - now) / 2))
        // The responder knows only now when it must be called again.
        loop.alarm = now
        loop.timers.add(Self.drainSource, at: min(deadline, now + Self.drainQuiet))
        loop.timers.add(Self.drainSource, at: deadline)
        drainDeadline = deadline
    }

    private mutating func drainAll(at now: Instant) {
        for id in connections.ids {
            guard let box = connections[id] else { continue }
            box.connection.conversation.drain()
            advance(&box.connection, id, at: now)
        }
    }
}
