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

    func put(_ change: Change, deadline: Instant) async throws(StoreError) -> ChangeOutcome {
        try begin(deadline)
        let row = BoardRow(
            broadcasterID: change.broadcasterID.text, channelID: change.channelID.text,
            version: change.version.text)
        return state.withLock { state in
            let index = state.rows.firstIndex {
                $0.broadcasterID == row.broadcasterID && $0.channelID == row.channelID
            }
            guard let index else {
                state.rows.append(row)
                return .created
            }
            defer { state.rows[index] = row }
            return state.rows[index] == row ? .unchanged : .changed
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
