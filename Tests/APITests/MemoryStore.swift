import Broadcasts
import Synchronization
import Time

/// An in-memory store that fails while `failure` is set, and records the deadline of each call.
final class MemoryStore: BroadcastStore {
    private struct State {
        var rows: [BoardRow] = []
        var failure: StoreError?
        var deadlines: [Instant] = []
        var reads = 0
        var held: [ChannelName: StoredChannel] = [:]
        var entries: [ChannelName: [HistoryEntry]] = [:]
        /// The time of the database's clock, in microseconds since 1970.
        var now = 1_700_000_000_000_000
        private var lastEntry = 0

        mutating func apply(_ change: Change) -> ChangeOutcome {
            let (broadcasterID, channelID) = (
                change.channel.broadcasterID.text, change.channel.channelID.text
            )
            let index = rows.firstIndex { $0.broadcasterID == broadcasterID && $0.channelID == channelID }
            let present = index.map { held[change.channel] ?? StoredChannel(version: rows[$0].version) }
            let decision = change.decision(on: present, at: now)
            guard decision.outcome.isWritten else { return decision.outcome }
            if let index { rows.remove(at: index) }
            held[change.channel] = decision.channel
            if let channel = decision.channel {
                rows.insert(
                    BoardRow(broadcasterID: broadcasterID, channelID: channelID, channel, at: now),
                    at: index ?? rows.count)
            }
            if change.historyLimit > 0, decision.outcome.changesVersion {
                append(change, over: present?.version, decision.channel?.announceAt)
            }
            return decision.outcome
        }

        /// Lets time pass, and announces what is due.
        mutating func advance(_ microseconds: Int) {
            now += microseconds
            for (index, row) in rows.enumerated() where row.held != nil {
                guard let name = ChannelName("\(row.broadcasterID)/\(row.channelID)"),
                    let channel = held[name]?.folded(at: now)
                else { continue }
                held[name] = channel
                rows[index] = BoardRow(
                    broadcasterID: row.broadcasterID, channelID: row.channelID, channel, at: now)
            }
        }

        mutating func append(_ change: Change, over present: String?, _ announceAt: Int?) {
            lastEntry += 1
            entries[change.channel, default: []].append(
                HistoryEntry(
                    id: lastEntry, version: change.version?.text, previous: present,
                    time: "2026-11-25T21:04:05.678Z", requestID: change.requestID,
                    announceAt: change.interval == nil ? nil : announceAt))
        }
    }

    private let state = Mutex(State())

    /// Lets the database's clock advance, and announces what is due.
    func advance(microseconds: Int) { state.withLock { $0.advance(microseconds) } }

    var rows: [BoardRow] {
        get { state.withLock { $0.rows } }
        set { state.withLock { $0.rows = newValue } }
    }

    /// The error of every call; nil if calls succeed.
    var failure: StoreError? {
        get { state.withLock { $0.failure } }
        set { state.withLock { $0.failure = newValue } }
    }

    /// The deadlines of all calls, in call order.
    var deadlines: [Instant] { state.withLock { $0.deadlines } }

    /// The number of successful reads.
    var reads: Int { state.withLock { $0.reads } }

    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
    ) {
        do throws(StoreError) {
            try begin(deadline)
        } catch {
            return receive(.failure(error))
        }
        let rows = state.withLock { state in
            state.reads += 1
            return state.rows
        }
        let next = state.withLock { state in
            rows.compactMap { $0.held?.announceAt }.min().map { $0 - state.now }
        }
        receive(
            .success(
                StoreRead(
                    board: make(rows), takesWrites: true,
                    nextAnnouncement: next.map { .microseconds($0) })))
    }

    func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        try begin(deadline)
        return state.withLock { $0.apply(change) }
    }

    func findHoldBack(deadline: Instant, receive: @escaping @Sendable (Bool) -> Void) { receive(true) }

    func history(
        _ query: HistoryQuery, deadline: Instant
    ) async throws(StoreError) -> HistoryPage? {
        try begin(deadline)
        return state.withLock { state in
            let all = (state.entries[query.channel] ?? []).reversed()
            var read = HistoryRead()
            read.row = state.rows.first {
                $0.broadcasterID == query.channel.broadcasterID.text
                    && $0.channelID == query.channel.channelID.text
            }.map { ($0.version, "2026-11-25T00:00:00.000Z") }
            read.hasEntries = !all.isEmpty
            let older = all.filter { ($0.id ?? 0) < query.before ?? .max }
            read.entries = Array(older.prefix(query.limit + 1))
            return read.page(query)
        }
    }

    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
        do throws(StoreError) {
            try begin(deadline)
            receive(nil)
        } catch {
            receive(error)
        }
    }

    func close() {}

    private func begin(_ deadline: Instant) throws(StoreError) {
        let failure = state.withLock { state in
            state.deadlines.append(deadline)
            return state.failure
        }
        if let failure { throw failure }
    }
}
