import API
import Access
import Broadcasts
import HTTP
import HTTPWire
import Logging
import Randomness
import Synchronization
import Telemetry
import TestSupport
import Time

/// A loop with any number of connections, without sockets and in virtual time: it jumps from one alarm to the
/// next. The tokens are those of `APIHarness`.
final class LiveLoop {
    let store = MemoryStore()
    let feed: BoardFeed
    let api: API
    let registry = MetricsRegistry()
    let log: LoggedLines
    private let manual = ManualClock()
    private let responder: any LoopResponder
    private let mailbox = CountingMailbox()
    fileprivate var connections: [LiveConnection] = []
    private var alarm: Instant?

    var now: Instant { manual.now }

    init(
        anonymousReads: Bool = false, live: API.Live = .defaults, maximumConnections: Int = 10_000,
        freshness: BoardFeed.Freshness = .defaults
    ) throws {
        feed = BoardFeed(store: store, freshness: freshness, clock: Clock(manual))
        log = try LoggedLines(.debug)
        api = API(
            feed: feed, health: StoreHealth(store: store, clock: Clock(manual)),
            configuration: API.Configuration(
                realm: "development", writeDeadline: .seconds(2),
                rules: API.Rules(
                    access: APIHarness.access(anonymousReads: anonymousReads), writes: .defaults,
                    live: live, showsStatusPage: true),
                maximumConnections: maximumConnections,
                build: API.Build(source: "", version: "1", commit: "", build: "")),
            log: log.output, metrics: registry, clock: Clock(manual), random: RandomSource(seed: 1))
        responder = api.makeLoopResponder(mailbox)
    }

    /// Opens a connection, sends a request and takes a turn.
    func open(
        _ target: String, _ fields: [String] = [.reader], method: String = "GET", version: String = "1.1"
    ) -> LiveConnection {
        let connection = LiveConnection(self)
        connections.append(connection)
        connection.send(method, target, fields, version: version)
        turn()
        return connection
    }

    /// Follows a resource.
    func follow(_ target: String, _ fields: [String] = []) -> LiveConnection {
        open(target, [.reader, "Accept: text/event-stream"] + fields)
    }

    /// Sets the version of a channel in the store, as another node does.
    func set(_ channel: String, _ version: String?, of broadcaster: String = "test") {
        var rows = store.rows.filter { $0.broadcasterID != broadcaster || $0.channelID != channel }
        if let version {
            rows.append(BoardRow(broadcasterID: broadcaster, channelID: channel, version: version))
        }
        store.rows = rows
    }

    func apply(_ access: AccessTable, live: API.Live = .defaults) {
        api.apply(API.Rules(access: access, writes: .defaults, live: live, showsStatusPage: true))
        turn()
    }

    func drain(over duration: Duration) {
        responder.drain(over: duration)
        turn()
    }

    /// Takes turns until nothing is due.
    func turn() {
        repeat {
            mailbox.wakeUps.store(0, ordering: .relaxed)
            var deliveries: [Delivery] = []
            repeat {
                deliveries = []
                alarm = responder.endTurn(&deliveries)
                deliver(deliveries)
            } while !deliveries.isEmpty
            let next = responder.fanOut(&deliveries, maximum: 256)
            deliver(deliveries)
            alarm = [alarm, next].compactMap(\.self).min()
        } while mailbox.wakeUps.load(ordering: .relaxed) > 0 || alarm.map { $0 <= now } ?? false
    }

    /// Lets time pass.
    func advance(_ duration: Duration) {
        let end = now + duration
        while let alarm, alarm < end {
            manual.advance(by: now.duration(to: alarm))
            turn()
        }
        manual.advance(by: now.duration(to: end))
        turn()
    }

    fileprivate func ask(_ request: Request) -> Answer { responder.answer(request) }

    private func deliver(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            connections[Int(delivery.ticket.rawValue)].deliver(delivery.part)
        }
    }

    fileprivate func ticket(of connection: LiveConnection) -> ResponseTicket {
        let index = connections.firstIndex { $0 === connection } ?? 0
        return ResponseTicket(rawValue: UInt64(index))
    }

    private final class CountingMailbox: Mailbox {
        let wakeUps = Atomic(0)

        func wake() {
            wakeUps.add(1, ordering: .relaxed)
        }
    }
}

/// A connection of a `LiveLoop`.
final class LiveConnection {
    private unowned let loop: LiveLoop
    private let driver = ConversationDriver(limits: .defaults)
    private var waiter: (any Waiter)?
    private var pending: Answer?
    /// Whether the client accepts no bytes.
    private(set) var isBlocked = false
    private(set) var isClosed = false
    private var taken = 0

    init(_ loop: LiveLoop) {
        self.loop = loop
    }

    /// What has been received since the last call.
    func take() -> String {
        defer { taken = driver.output.count }
        return String(decoding: driver.output[taken...], as: UTF8.self)
    }

    /// Everything that has been received.
    var text: String { String(decoding: driver.output, as: UTF8.self) }

    /// The status of the first response; nil before it.
    var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

    private var lines: [Substring] { text.split(whereSeparator: \.isNewline) }

    /// The data of all state events.
    var states: [String] {
        lines.filter { $0.hasPrefix("data: {\"code\"") }.map { String($0.dropFirst(6)) }
    }

    var keepAlives: Int { lines.count { $0 == "event: keep-alive" } }

    /// All `retry` values in milliseconds.
    var retries: [Int] { lines.filter { $0.hasPrefix("retry: ") }.compactMap { Int($0.dropFirst(7)) } }

    func field(_ name: String) -> String? {
        lines.first { $0.lowercased().hasPrefix("\(name): ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    func send(_ method: String, _ target: String, _ fields: [String], version: String = "1.1") {
        let lines = ["\(method) \(target) HTTP/\(version)", "Host: a"] + fields + ["", ""]
        driver.receive(Array(lines.joined(separator: "\r\n").utf8))
        advance()
    }

    /// The client closes its sending side.
    func end() {
        driver.end()
        waiter?.clientEnded()
        loop.turn()
        advance()
    }

    /// The connection closes.
    func close(_ reason: ConnectionEnd = .gone) {
        isClosed = true
        waiter?.connectionClosed(reason)
        waiter = nil
        loop.turn()
    }

    func block() { isBlocked = true }

    func unblock() {
        isBlocked = false
        waiter?.outputDrained()
        loop.turn()
    }

    fileprivate func deliver(_ part: Delivery.Part) {
        guard let waiter, !isClosed else { return }
        switch part {
        case .response(let response, let piece):
            if !response.isStream { self.waiter = nil }
            if let body = driver.respond(response, first: piece, date: []) { driver.append(body) }
            driver.outputDrained()
            advance()
        case .piece, .end:
            if isBlocked { return waiter.pieceDropped() }
            if case .piece(let piece) = part { return driver.append(piece) }
            guard case .end(let piece) = part else { return }
            self.waiter = nil
            driver.endStream(last: piece)
            driver.outputDrained()
            advance()
        }
    }

    private func advance() {
        while true {
            switch driver.next() {
            case .ask(let request):
                pending = loop.ask(request)
                if case .ready(let response) = pending {
                    if let body = driver.respond(response, date: []) { driver.append(body) }
                    driver.outputDrained()
                } else {
                    driver.awaitResponse()
                }
            case .run:
                guard case .waiting(let waiter) = pending else { return }
                self.waiter = waiter
                waiter.start(for: loop.ticket(of: self))
            case .refuse, .interim, .wait: return
            case .shutdownWrite, .close:
                isClosed = true
                return
            }
        }
    }
}
