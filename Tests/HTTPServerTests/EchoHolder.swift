import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Time

/// What a waiter of `/stream` or `/held` was told.
enum HeldEvent: Equatable {
    case began, clientEnded, pieceDropped, outputDrained
    case closed(ConnectionEnd)
}

/// The requests of `/stream` and `/held` on all loops: what the test orders, and what has happened.
final class HeldRecord: Sendable {
    enum Order {
        /// Every stream gets this piece, or a later one.
        case piece(StreamPiece)
        /// Every stream ends.
        case end(StreamPiece?)
        /// Every request of `/held` is answered.
        case answer
        /// A delivery to a ticket that may be stale.
        case stray(Delivery)
    }

    private struct State {
        var orders: [Order] = []
        var events: [(path: String, event: HeldEvent)] = []
        var batches: [Int] = []
        var drains: [Duration] = []
    }

    private let state = Mutex(State())

    func order(_ order: Order) { state.withLock { $0.orders.append(order) } }

    /// The orders from an index on.
    func orders(from index: Int) -> ArraySlice<Order> { state.withLock { $0.orders[index...] } }

    func note(_ event: HeldEvent, of path: String) { state.withLock { $0.events.append((path, event)) } }
    func noteBatch(_ count: Int) { state.withLock { $0.batches.append(count) } }
    func noteDrain(_ duration: Duration) { state.withLock { $0.drains.append(duration) } }

    /// What the waiters of a path were told.
    func events(of path: String) -> [HeldEvent] {
        state.withLock { state in state.events.filter { $0.path == path }.map(\.event) }
    }

    /// The number of requests that have begun to be held.
    var begun: Int { state.withLock { $0.events.count { $0.event == .began } } }
    /// The sizes of the batches of deliveries.
    var batches: [Int] { state.withLock { $0.batches } }
    /// The durations over which the loops were told to drain.
    var drains: [Duration] { state.withLock { $0.drains } }
}

/// The held requests of one loop. It visits them in turn, as many as a batch allows.
final class EchoHolder {
    let record: HeldRecord
    private var beginning: [EchoHeld] = []
    private var members: [EchoHeld] = []
    private var ordersTaken = 0
    private var work: [(member: EchoHeld, task: EchoHeld.Task)] = []
    private var strays: [Delivery] = []
    private var isDraining = false
    private(set) var newest = (number: 0, piece: StreamPiece(Array("first".utf8)))

    init(_ record: HeldRecord) {
        self.record = record
    }

    func begin(_ request: EchoHeld) { beginning.append(request) }
    func add(_ member: EchoHeld, _ task: EchoHeld.Task) { work.append((member, task)) }
    func leave(_ member: EchoHeld) { members.removeAll { $0 === member } }

    /// Begins the streams of the turn. Earlier orders do not concern them.
    func endTurn(_ deliveries: inout [Delivery]) {
        takeOrders()
        for request in beginning {
            if let delivery = request.begin() { deliveries.append(delivery) }
            members.append(request)
            if isDraining { end(request) }
        }
        beginning = []
    }

    func fanOut(_ deliveries: inout [Delivery], maximum: Int) -> Instant? {
        takeOrders()
        deliveries += strays
        strays = []
        var done = 0
        while done < work.count, deliveries.count < maximum {
            if let delivery = work[done].member.delivery(work[done].task) { deliveries.append(delivery) }
            done += 1
        }
        work.removeFirst(done)
        if !deliveries.isEmpty { record.noteBatch(deliveries.count) }
        return work.isEmpty && deliveries.isEmpty ? nil : .now
    }

    func drain(over duration: Duration) {
        record.noteDrain(duration)
        isDraining = true
        for member in members { end(member) }
    }

    private func end(_ member: EchoHeld) {
        add(member, member.isStream ? .end(StreamPiece(Array("bye".utf8))) : .answer)
    }

    private func takeOrders() {
        for order in record.orders(from: ordersTaken) {
            ordersTaken += 1
            let task: EchoHeld.Task
            switch order {
            case .piece(let piece):
                newest = (newest.number + 1, piece)
                task = .newest
            case .end(let piece): task = .end(piece)
            case .answer: task = .answer
            case .stray(let delivery):
                strays.append(delivery)
                continue
            }
            for member in members { add(member, task) }
        }
    }
}

/// A request of `/stream`, which gets the newest piece whenever its output allows, or of `/held`, which is
/// answered when the test orders it or the client ends its side.
final class EchoHeld: Waiter {
    enum Task {
        case newest, answer
        case end(StreamPiece?)
    }

    let isStream: Bool
    private let holder: EchoHolder
    private let path: String
    private var ticket: ResponseTicket?
    private var sent = 0
    private var sentBefore = 0
    private var isBlocked = false
    private var isOver = false
    /// The end of the stream, until it is certain that it was not dropped.
    private var ending: Task?

    init(_ holder: EchoHolder, path: String) {
        self.holder = holder
        self.path = path
        isStream = path.hasPrefix("/stream")
    }

    func start(for ticket: ResponseTicket) {
        self.ticket = ticket
        holder.begin(self)
    }

    func begin() -> Delivery? {
        holder.record.note(.began, of: path)
        guard isStream, !isOver, let ticket else { return nil }
        var response = Response(status: .ok)
        response.isStream = true
        sent = holder.newest.number
        let first = path.hasSuffix("large") ? StreamPiece(EchoResponder.medium) : holder.newest.piece
        return Delivery(to: ticket, response, first: first)
    }

    func delivery(_ task: Task) -> Delivery? {
        guard !isOver, let ticket else { return nil }
        switch task {
        case .newest:
            guard isStream, !isBlocked, sent != holder.newest.number else { return nil }
            (sentBefore, sent) = (sent, holder.newest.number)
            return Delivery(to: ticket, piece: holder.newest.piece)
        case .answer:
            guard !isStream else { return nil }
            isOver = true
            holder.leave(self)
            return Delivery(to: ticket, Response(status: .ok, body: Array("held".utf8)))
        case .end(let piece):
            guard isStream else { return nil }
            ending = task
            holder.leave(self)
            return Delivery(endOf: ticket, last: piece)
        }
    }

    func clientEnded() {
        holder.record.note(.clientEnded, of: path)
        holder.add(self, .answer)
    }

    func pieceDropped() {
        holder.record.note(.pieceDropped, of: path)
        isBlocked = true
        sent = sentBefore
    }

    func outputDrained() {
        holder.record.note(.outputDrained, of: path)
        isBlocked = false
        holder.add(self, ending ?? .newest)
    }

    func connectionClosed(_ reason: ConnectionEnd) {
        holder.record.note(.closed(reason), of: path)
        isOver = true
        holder.leave(self)
    }
}
