import Broadcasts
import Bytes
import HTTP
import HTTPTypes
import Logging
import Telemetry
import TestSupport
import Testing
import Time

@testable import API

/// A member of an audience as its client sees it.
final class Member {
    let view: BoardView
    let isStream: Bool
    /// The entity tag that the client of a wait has.
    let tag: String?
    let waiter: any Waiter
    private(set) var states: [String] = []
    private(set) var response: Response?
    private(set) var dropped = 0
    private(set) var hasEnd = false
    var isClosed = false
    var isBlocked = false
    /// Whether the client has not accepted the last piece yet.
    private var hasOutput = false

    init(_ view: BoardView, _ waiter: any Waiter, isStream: Bool, tag: String?) {
        self.view = view
        self.waiter = waiter
        self.isStream = isStream
        self.tag = tag
    }

    /// Does what the loop of a connection does.
    func deliver(_ part: Delivery.Part) throws {
        try #require(!isClosed && !hasEnd, "nothing is delivered to a member that has left")
        switch part {
        case .response(let response, let piece):
            try #require(self.response == nil)
            self.response = response
            if let piece { accept(piece) }
            if !response.isStream { isClosed = true }
        case .piece(let piece):
            guard !hasOutput else { return drop() }
            accept(piece)
        case .end(let piece):
            guard !hasOutput else { return drop() }
            if let piece { accept(piece) }
            hasEnd = true
            isClosed = true
        }
    }

    private func drop() {
        dropped += 1
        waiter.pieceDropped()
    }

    private func accept(_ piece: StreamPiece) {
        hasOutput = isBlocked
        let text = String(decoding: piece.chunk[piece.content], as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("data: {\"code\"") {
            states.append(String(line.dropFirst(6)))
        }
    }

    func drainOutput() {
        guard hasOutput, !isClosed else { return }
        hasOutput = false
        waiter.outputDrained()
    }
}

/// One loop, and what its members must receive.
final class AudienceModel {
    let store = MemoryStore()
    private let manual = ManualClock()
    private let registry = MetricsRegistry()
    private let api: API
    private let loop: APILoop
    private(set) var members: [Member] = []
    /// All boards that were ever there.
    private var history: [Board] = []

    private struct NoMailbox: Mailbox {
        func wake() {}
    }

    private static let views: [BoardView] = {
        guard let test = BroadcasterID("test"), let other = BroadcasterID("other"), let a = ChannelID("a")
        else { return [.board] }
        return [.board, .broadcaster(test), .channel(test, a), .channel(other, a)]
    }()

    init(_ seed: TestSeed, maximumListeners: Int = 1000) throws {
        var live = API.Live.defaults
        live.maximumListeners = maximumListeners
        live.keepAlive = .seconds(1)
        // No member ends by itself.
        live.maximumWait = .seconds(1_000_000)
        live.maximumAge = .seconds(1_000_000)
        let clock = Clock(manual)
        let feed = BoardFeed(store: store, freshness: .defaults, clock: clock)
        api = API(
            feed: feed, health: StoreHealth(store: store, clock: clock),
            configuration: API.Configuration(
                realm: "", writeDeadline: .seconds(2),
                rules: API.Rules(
                    access: APIHarness.access(anonymousReads: true), writes: .defaults, live: live,
                    showsStatusPage: true),
                maximumConnections: 10_000,
                build: API.Build(source: "", version: "", commit: "", build: "")),
            log: try LoggedLines(.critical).output, metrics: registry, clock: clock, random: seed.source)
        loop = APILoop(api, LoopInbox(NoMailbox()))
        set([:])
    }

    // MARK: - Operations

    /// Does something at random, and takes a turn.
    func step(using generator: inout SeededGenerator) throws {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<3: follow(using: &generator)
        case 3: try wait(using: &generator)
        case 4: leave(using: &generator)
        case 5, 6: block(using: &generator)
        case 7, 8: unblock(using: &generator)
        case 9..<12: change(using: &generator)
        case 12: pass(.milliseconds(60))
        case 13: pass(.milliseconds(250))
        case 14: pass(.milliseconds(1000))
        default: break
        }
        try turn()
        if open.count > 25 { leave(using: &generator) }
    }

    func follow(using generator: inout SeededGenerator) {
        guard let view = Self.views.randomElement(using: &generator) else { return }
        follow(view, isBlocked: Int.random(in: 0..<5, using: &generator) == 0)
    }

    @discardableResult
    func follow(_ view: BoardView, isBlocked: Bool = false) -> Member {
        let waiter = StreamRequest(loop, context, nil, view, lastEventID: nil)
        let member = Member(view, waiter, isStream: true, tag: nil)
        member.isBlocked = isBlocked
        start(member)
        return member
    }

    /// Waits for another state than a recent one.
    func wait(using generator: inout SeededGenerator) throws {
        guard let view = Self.views.randomElement(using: &generator),
            let board = history.suffix(2).randomElement(using: &generator)
        else { return }
        let tag = API.content(of: view, on: board).entityTag
        let ifNoneMatch = try #require(IfNoneMatch(tag: tag))
        let waiter = WaitRequest(loop, context, nil, view, ifNoneMatch, seconds: 900_000)
        start(Member(view, waiter, isStream: false, tag: tag))
    }

    func leave(using generator: inout SeededGenerator) {
        guard let member = open.randomElement(using: &generator) else { return }
        member.isClosed = true
        member.waiter.connectionClosed(.gone)
    }

    func block(using generator: inout SeededGenerator) {
        open.randomElement(using: &generator)?.isBlocked = true
    }

    func unblock(using generator: inout SeededGenerator) {
        guard let member = open.filter(\.isBlocked).randomElement(using: &generator) else { return }
        member.isBlocked = false
        member.drainOutput()
    }

    /// Changes the store to one of few states, so that old ones come back.
    func change(using generator: inout SeededGenerator) {
        var rows: [String: String] = [:]
        for key in ["test/a", "test/b", "other/a"] where Bool.random(using: &generator) {
            rows[key] = "v\(Int.random(in: 0..<3, using: &generator))"
        }
        set(rows)
    }

    func set(_ rows: [String: String]) {
        store.rows = rows.sorted { $0.key < $1.key }.map { key, version in
            let parts = key.split(separator: "/")
            return BoardRow(
                broadcasterID: String(parts[0]), channelID: String(parts[1]), version: version)
        }
        history.append(Board(rows: store.rows, previous: nil))
    }

    func pass(_ duration: Duration) { manual.advance(by: duration) }
    func drain() { loop.drain(over: .zero) }

    // MARK: - Turns

    /// Takes one turn with a small batch.
    func turn() throws {
        var deliveries: [Delivery] = []
        try endTurn(&deliveries)
        _ = loop.fanOut(&deliveries, maximum: 3)
        try #require(deliveries.count <= 3)
        try deliver(&deliveries)
        try endTurn(&deliveries)
    }

    /// Unblocks all clients, and lets time pass until all have been served.
    func settle() throws {
        for member in open {
            member.isBlocked = false
            member.drainOutput()
        }
        for _ in 0..<10 {
            pass(.milliseconds(250))
            for _ in 0..<30 { try turn() }
        }
    }

    private func endTurn(_ deliveries: inout [Delivery]) throws {
        repeat {
            deliveries = []
            _ = loop.endTurn(&deliveries)
            try deliver(&deliveries)
        } while !deliveries.isEmpty
    }

    private func deliver(_ deliveries: inout [Delivery]) throws {
        for delivery in deliveries { try members[Int(delivery.ticket.rawValue)].deliver(delivery.part) }
    }

    // MARK: - Expectations

    /// Checks that the metric counts the states that were accepted, and not those that were dropped.
    func expectCountedStates() {
        let text = String(decoding: registry.prometheusText(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("megaphone_states_sent_total ") }
        let count = members.map(\.states.count).reduce(0, +)
        #expect(line == "megaphone_states_sent_total \(count)")
    }

    /// Checks what a member has received.
    func expectNewest(_ member: Member) throws {
        let states = history.map { text(of: member.view, $0) }
        for (state, next) in zip(member.states, member.states.dropFirst()) { #expect(state != next) }
        // The states are some of those that were there, in their order.
        var rest = states[...]
        for state in member.states {
            let index = try #require(rest.firstIndex(of: state), "a state that was not there")
            rest = rest[index...]
        }
        if member.isStream {
            guard !member.isClosed else { return }
            #expect(member.states.last == states.last)
        } else if member.isClosed {
            guard let response = member.response else { return }
            #expect(response.status != .notModified)
        } else {
            #expect(member.tag == history.last.map { API.content(of: member.view, on: $0).entityTag })
        }
    }

    private func text(of view: BoardView, _ board: Board) -> String {
        String(decoding: API.content(of: view, on: board).body, as: UTF8.self)
    }

    private var open: [Member] { members.filter { !$0.isClosed } }

    private var context: RequestContext {
        RequestContext(requestID: "", askedAt: manual.now, rules: api.rules)
    }

    private func start(_ member: Member) {
        members.append(member)
        member.waiter.start(for: ResponseTicket(rawValue: UInt64(members.count - 1)))
    }
}

extension IfNoneMatch {
    /// The field with one entity tag.
    fileprivate init?(tag: String) {
        let line = Array("If-None-Match: \(tag)".utf8)
        self.init(
            Request(
                bytes: line, method: .get, path: 0..<0, query: nil,
                fieldLines: [Request.FieldLine(name: 0..<13, value: 15..<line.count)], hasBody: false,
                receivedAt: ManualClock().now, remoteAddress: .version4(0x7F00_0001, port: 1)))
    }
}
