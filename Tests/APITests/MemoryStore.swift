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
        var entries: [ChannelName: [HistoryEntry]] = [:]
        private var lastEntry = 0

        mutating func append(_ change: Change, over present: String?) {
            lastEntry += 1
            entries[change.channel, default: []].append(
                HistoryEntry(
                    id: lastEntry, version: change.version?.text, previous: present,
                    time: "2026-11-25T21:04:05.678Z", requestID: change.requestID))
        }
    }

    private let state = Mutex(State())

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
        receive(.success(StoreRead(board: make(rows), takesWrites: true)))
    }

    func apply(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        try begin(deadline)
        let (broadcasterID, channelID) = (
            change.channel.broadcasterID.text, change.channel.channelID.text
        )
        return state.withLock { state in
            let index = state.rows.firstIndex {
                $0.broadcasterID == broadcasterID && $0.channelID == channelID
            }
            let present = index.map { state.rows[$0].version }
            let outcome = change.outcome(on: present)
            guard outcome.isWritten else { return outcome }
            if let index { state.rows.remove(at: index) }
            if let version = change.version {
                state.rows.insert(
                    BoardRow(broadcasterID: broadcasterID, channelID: channelID, version: version.text),
                    at: index ?? state.rows.count)
            }
            if change.historyLimit > 0 { state.append(change, over: present) }
            return outcome
        }
    }

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
