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
    /// How long accepting pauses when descriptors or memory have run out, or too many connections are being
    /// rejected.
    private static let acceptPause = Duration.milliseconds(100)
    /// Maximum number of connections over `max_connections`, each open until its 503 has been sent.
    static let maximumRejectedAtOnce = 64
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

    /// Delivers the ready responses to their connections. Repeats, because a delivery can start the next
    /// pipelined request, whose response may be ready at once.
    private mutating func handOutResponses(at now: Instant) {
        repeat {
            completions.takeAll(&responses)
            for (id, response) in responses { finish(id, with: response, at: now) }
            deliveries.removeAll(keepingCapacity: true)
            loop.alarm = responder.endTurn(&deliveries)
            for delivery in deliveries {
                finish(
                    ConnectionID(source: EventSource(rawValue: delivery.ticket.rawValue)),
                    with: delivery.response, at: now)
            }
        } while !responses.isEmpty || !deliveries.isEmpty
    }

    private mutating func finish(_ id: ConnectionID, with response: Response, at now: Instant) {
        guard let box = connections[id] else { return }
        finish(&box.connection, id, with: response, at: now)
    }

    // MARK: - Connections

    private mutating func acceptWaiting(atMost count: Int, at now: Instant) {
        guard let listener else { return }
        for _ in 0..<count {
            // Over the limit: further connections wait in the kernel's queue until some of the rejected ones
            // are closed.
            guard state.rejectedConnections < Self.maximumRejectedAtOnce else {
                return pause(at: now)
            }
            do {
                var peer = SocketAddress.version4(0, port: 0)
                let descriptor = try loop.system.accept(listener.descriptor, peer: &peer)
                admit(descriptor, peer, at: now)
            } catch {
                if error.isBlocked { return }
                if error.isExhaustion {
                    if let suppressed = state.exhaustionLog.admit(at: now) {
                        logger.error(
                            "Cannot accept connections: out of descriptors or memory",
                            metadata: ["error": "\(error)", "suppressed": "\(suppressed)"])
                    }
                    return pause(at: now)
                }
                // Other errors concern only the connection that was to be accepted, which is lost
                // (accept(2)).
            }
        }
    }

    private mutating func admit(
        _ descriptor: consuming FileDescriptor, _ remoteAddress: SocketAddress,
        at now: Instant
    ) {
        let box = ConnectionBox(
            Connection(
                descriptor: descriptor, remoteAddress: remoteAddress, limits: limits, openedAt: now,
                isOverLimit: !state.connectionOpened()))
        let id = connections.insert(box)
        guard box.connection.isOverLimit else {
            // Read at once: the request has nearly always arrived already.
            return read(&box.connection, id, hasEnd: false, at: now)
        }
        box.connection.conversation.rejectOverLimit()
        advance(&box.connection, id, at: now)
    }

    /// Removes a connection, and cancels its handler. Its descriptor closes with the last reference.
    mutating func close(_ connection: borrowing Connection, _ id: ConnectionID) {
        guard connections.remove(id) else { return }
        if case .task(let task) = connection.response { task.cancel() }
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
                if let box = connections[id] { close(box.connection, id) }
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
