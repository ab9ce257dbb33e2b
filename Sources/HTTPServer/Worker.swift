internal import EventLoop
internal import HTTPWire
internal import Logging
internal import Time

/// One event loop's connections: takes them, and hands their events to whoever drives them.
///
/// It is a structure that its thread alone can reach, so that the compiler sees by itself that no two parts
/// of the program change it at once, and no check of that is left for run time.
struct Worker: EventHandler, ~Copyable {
    let reactor: Reactor
    let responder: any Responder
    let state: ServerState
    let completions: Completions
    let limits: Limits
    let logger: Logger
    private var listener: Listener?
    private(set) var connections = ConnectionSlots()
    var date = DateField()
    /// What the connection at hand has to send, empty between connections.
    var output: [UInt8] = []
    /// Late answers that are being handed out.
    private var answers: [Completions.Completion] = []
    /// The buffer that every read goes into. The conversation borrows it and gives it back.
    var chunk: [UInt8]?
    private var drainBegan: Instant?

    /// Bytes taken from one connection at a time: large enough for a batch of pipelined requests, small
    /// enough that one connection does not keep the others waiting.
    static let chunkSize = 65536
    /// Connections taken in one turn, so that those already open get theirs.
    private static let acceptsPerTurn = 64
    /// How long a listener rests when descriptors, memory or connections have run out.
    private static let acceptPause = Duration.milliseconds(100)
    /// How many connections beyond the limit may be on their way out, each with its 503.
    private static let turnedAwayAtOnce = 64
    /// How long an idle connection may still bring the request that was on its way when draining began.
    private static let drainQuiet = Duration.seconds(1)
    /// Tokens below 2³² are not connections'.
    private static let listenerToken: UInt64 = 1
    private static let drainToken: UInt64 = 2

    init(
        reactor: Reactor, listener: Listener, responder: any Responder, state: ServerState, limits: Limits,
        logger: Logger
    ) throws(SystemError) {
        self.reactor = reactor
        completions = Completions(wakes: reactor.loop)
        self.listener = listener
        self.responder = responder
        self.state = state
        self.limits = limits
        self.logger = logger
        try reactor.poller.add(
            listener.descriptor, token: Self.listenerToken, interest: Interest(reading: true))
    }

    // MARK: - Events

    mutating func ready(_ token: UInt64, _ readiness: Readiness, at now: Instant) {
        if token == Self.listenerToken {
            acceptWaiting(atMost: Self.acceptsPerTurn, at: now)
        } else if let connection = connections[token] {
            drive(connection, token, readiness, at: now)
        }
    }

    mutating func timerFired(_ token: UInt64, at now: Instant) {
        switch token {
        case Self.listenerToken: resumeListening()
        case Self.drainToken: break
        default:
            guard let connection = connections[token] else { return }
            hintFired(connection, token, at: now)
        }
    }

    mutating func turnBegins() {
        date.refresh(reactor.system)
    }

    mutating func turnEnded(at now: Instant) -> Bool {
        // An answer can make the next pipelined request be answered, and that one may be done at once.
        repeat {
            completions.takeAll(&answers)
            for (token, response) in answers {
                guard let connection = connections[token] else { continue }
                finish(connection, token, with: response, at: now)
            }
        } while !answers.isEmpty
        guard let deadline = state.deadline else { return true }
        return continueDraining(until: deadline, at: now)
    }

    // MARK: - Connections

    private mutating func acceptWaiting(atMost count: Int, at now: Instant) {
        guard let listener else { return }
        for _ in 0..<count {
            // Those beyond the limit are being told so. When they come faster than they leave, they wait.
            guard state.turnedAwayConnections < Self.turnedAwayAtOnce else {
                return pause(at: now)
            }
            do {
                var peer = SocketAddress.version4(0, port: 0)
                let descriptor = try reactor.system.accept(listener.descriptor, peer: &peer)
                admit(descriptor, RemoteAddress(peer), at: now)
            } catch {
                if error.isBlocked { return }
                if error.isExhaustion {
                    logger.error(
                        "New connections wait: descriptors or memory have run out",
                        metadata: ["error": "\(error)"])
                    return pause(at: now)
                }
                // Anything else concerns the one connection that was to be taken, which is gone (accept(2)).
            }
        }
    }

    private mutating func admit(
        _ descriptor: consuming FileDescriptor, _ remoteAddress: RemoteAddress,
        at now: Instant
    ) {
        try? reactor.system.setOption(descriptor, .noDelay, 1)
        let connection = Connection(
            descriptor: descriptor, remoteAddress: remoteAddress, limits: limits, openedAt: now,
            isTurnedAway: !state.connectionOpened())
        let token = connections.insert(connection)
        do {
            try reactor.poller.add(connection.descriptor, token: token, interest: connection.interest)
            guard connection.isTurnedAway else { return schedule(connection, token) }
            connection.conversation.turnAway()
            advance(connection, token, at: now)
        } catch {
            logger.warning(
                "A connection was closed: the poller would not watch it", metadata: ["error": "\(error)"])
            close(connection, token)
        }
    }

    /// Forgets a connection and what was encoded for it; its descriptor closes with it.
    mutating func close(_ connection: Connection, _ token: UInt64) {
        guard connections.remove(token) else { return }
        output.removeAll(keepingCapacity: true)
        connection.task?.cancel()
        state.connectionClosed(wasTurnedAway: connection.isTurnedAway)
    }

    mutating func takeChunk() -> [UInt8] {
        defer { chunk = nil }
        return chunk ?? [UInt8](repeating: 0, count: Self.chunkSize)
    }

    /// Leaves new connections to the kernel's queue for a moment; trying again at once would spin.
    private mutating func pause(at now: Instant) {
        guard let listener else { return }
        try? reactor.poller.remove(listener.descriptor)
        reactor.timers.add(Self.listenerToken, at: now + Self.acceptPause)
    }

    private mutating func resumeListening() {
        guard let listener else { return }
        do {
            try reactor.poller.add(
                listener.descriptor, token: Self.listenerToken, interest: Interest(reading: true))
        } catch {
            reactor.timers.add(Self.listenerToken, at: .now + Self.acceptPause)
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
            for token in connections.tokens {
                if let connection = connections[token] { close(connection, token) }
            }
            return false
        }
        if now >= drainBegan + Self.drainQuiet {
            drainAll(at: now)
        }
        return isNeeded
    }

    /// Whether somebody still waits for this loop.
    private var isNeeded: Bool { connections.count > 0 || completions.isWorkUnderWay }

    /// Takes what already waits in the listener, for closing it would reset those connections, then closes
    /// it. Idle connections stay a moment longer: a request may be on its way on each of them.
    private mutating func beginDraining(
        until deadline: Instant, at now: Instant
    ) {
        acceptWaiting(atMost: .max, at: now)
        listener = nil
        drainBegan = now
        reactor.timers.add(Self.drainToken, at: min(deadline, now + Self.drainQuiet))
        reactor.timers.add(Self.drainToken, at: deadline)
    }

    private mutating func drainAll(at now: Instant) {
        for token in connections.tokens {
            guard let connection = connections[token] else { continue }
            connection.conversation.drain()
            advance(connection, token, at: now)
        }
    }
}

extension RemoteAddress {
    init(_ address: SocketAddress) {
        switch address {
        case .version4(let address, let port): self = .version4(address, port: port)
        case .version6(let upper, let lower, let port): self = .version6(upper, lower, port: port)
        }
    }
}
