internal import Bytes
internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Logging
internal import Time

/// One event loop's connections: accepts them and handles their events.
///
/// Noncopyable and owned by one thread, so exclusive access is proven statically and costs nothing at run
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
    /// The array that the next connection with output borrows.
    var spare: SpareBuffer?
    /// Responses that are being handed out. Empty between turns, and reused.
    private var responses: [Completions.Completion] = []
    private var deliveries: [Delivery] = []
    /// The buffer that every read goes into. The conversation borrows it and gives it back.
    var readBuffer: [UInt8]?
    private var drainBegan: Instant?
    /// The deadline that has a timer. `drain` may be called again with an earlier one.
    private var drainDeadline: Instant?

    /// Bytes taken from one connection at a time: large enough for a batch of pipelined requests, small
    /// enough that one connection does not keep the others waiting.
    static let readBufferSize = 65536
    /// Connections taken in one turn, so that those already open get theirs.
    private static let acceptsPerTurn = 64
    /// How long a listener rests when descriptors, memory or connections have run out.
    private static let acceptPause = Duration.milliseconds(100)
    /// How many connections beyond the limit may be on their way out, each with its 503.
    static let maximumRejectedAtOnce = 64
    /// How long an idle connection may still bring the request that was on its way when draining began.
    private static let drainQuiet = Duration.seconds(1)
    /// Sources below 2³² are not connections'.
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
        } else if let connection = connections[id] {
            drive(connection, id, readiness, at: now)
        }
    }

    mutating func timerFired(_ source: EventSource, at now: Instant) {
        switch source {
        case Self.listenerSource: resumeListening()
        case Self.drainSource: break
        default:
            let id = ConnectionID(source: source)
            guard let connection = connections[id] else { return }
            timerEntryFired(connection, id, at: now)
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

    /// Passes the responses that are there to their connections. That can make the next pipelined request
    /// be answered, whose response may be there at once.
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
        guard let connection = connections[id] else { return }
        finish(connection, id, with: response, at: now)
    }

    // MARK: - Connections

    private mutating func acceptWaiting(atMost count: Int, at now: Instant) {
        guard let listener else { return }
        for _ in 0..<count {
            // Those beyond the limit are being told so. When they come faster than they leave, they wait.
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
                            "New connections wait: descriptors or memory have run out",
                            metadata: ["error": "\(error)", "suppressed": "\(suppressed)"])
                    }
                    return pause(at: now)
                }
                // Anything else concerns the one connection that was to be taken, which is gone (accept(2)).
            }
        }
    }

    private mutating func admit(
        _ descriptor: consuming FileDescriptor, _ remoteAddress: SocketAddress,
        at now: Instant
    ) {
        let connection = Connection(
            descriptor: descriptor, remoteAddress: remoteAddress, limits: limits, openedAt: now,
            isOverLimit: !state.connectionOpened())
        let id = connections.insert(connection)
        guard connection.isOverLimit else {
            // The request has nearly always arrived by now.
            return read(connection, id, hasEnd: false, at: now)
        }
        connection.conversation.rejectOverLimit()
        advance(connection, id, at: now)
    }

    /// Forgets a connection and its output. Its descriptor closes with it.
    mutating func close(_ connection: Connection, _ id: ConnectionID) {
        guard connections.remove(id) else { return }
        if case .task(let task) = connection.response { task.cancel() }
        state.connectionClosed(wasOverLimit: connection.isOverLimit)
    }

    mutating func takeReadBuffer() -> [UInt8] {
        defer { readBuffer = nil }
        return readBuffer ?? [UInt8](repeating: 0, count: Self.readBufferSize)
    }

    /// Leaves new connections to the kernel's queue for a moment; trying again at once would spin.
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

    /// Whether the loop must go on.
    private mutating func continueDraining(
        until deadline: Instant, at now: Instant
    ) -> Bool {
        guard let drainBegan else {
            beginDraining(until: deadline, at: now)
            return isNeeded
        }
        if now >= deadline {
            for id in connections.ids {
                if let connection = connections[id] { close(connection, id) }
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

    /// Takes what already waits in the listener, for closing it would reset those connections, then closes
    /// it. Idle connections stay a moment longer: a request may be on its way on each of them.
    private mutating func beginDraining(
        until deadline: Instant, at now: Instant
    ) {
        acceptWaiting(atMost: .max, at: now)
        listener = nil
        drainBegan = now
        loop.timers.add(Self.drainSource, at: min(deadline, now + Self.drainQuiet))
        loop.timers.add(Self.drainSource, at: deadline)
        drainDeadline = deadline
    }

    private mutating func drainAll(at now: Instant) {
        for id in connections.ids {
            guard let connection = connections[id] else { continue }
            connection.conversation.drain()
            advance(connection, id, at: now)
        }
    }
}
