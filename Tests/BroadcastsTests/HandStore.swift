import Broadcasts
import Synchronization
import Time

/// A store whose reads and checks are completed by the test. Writes succeed at once.
final class HandStore: BroadcastStore {
    /// A read that the test has to complete.
    struct Read: Sendable {
        let deadline: Instant
        let make: @Sendable ([BoardRow]) -> Board
        let receive: @Sendable (Result<StoreRead, StoreError>) -> Void

        func succeed(_ rows: [BoardRow], takesWrites: Bool = true) {
            receive(.success(StoreRead(board: make(rows), takesWrites: takesWrites)))
        }
        func fail(_ error: StoreError) { receive(.failure(error)) }
    }

    struct Check: Sendable {
        let deadline: Instant
        let receive: @Sendable (StoreError?) -> Void
    }

    private struct State {
        var reads: [Read] = []
        var checks: [Check] = []
        var readsBegun = 0
        var outcome = ChangeOutcome.changed
        var failure: StoreError?
    }

    private let state = Mutex(State())

    /// Removes and returns the oldest pending read, if there is one.
    func takeRead() -> Read? {
        state.withLock { $0.reads.isEmpty ? nil : $0.reads.removeFirst() }
    }

    func takeCheck() -> Check? {
        state.withLock { $0.checks.isEmpty ? nil : $0.checks.removeFirst() }
    }

    var readsBegun: Int { state.withLock { $0.readsBegun } }

    /// Sets the outcome of the next writes.
    func setOutcome(_ outcome: ChangeOutcome) { state.withLock { $0.outcome = outcome } }

    /// Makes the next reads fail before they return. With nil, the test completes them.
    func setFailure(_ failure: StoreError?) { state.withLock { $0.failure = failure } }

    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<StoreRead, StoreError>) -> Void
    ) {
        let failure = state.withLock { state in
            state.readsBegun += 1
            if state.failure == nil {
                state.reads.append(Read(deadline: deadline, make: make, receive: receive))
            }
            return state.failure
        }
        if let failure { receive(.failure(failure)) }
    }

    func findHoldBack(deadline _: Instant, receive: @escaping @Sendable (Bool) -> Void) { receive(true) }

    func history(_: HistoryQuery, deadline _: Instant) async throws(StoreError) -> HistoryPage? { nil }

    func apply(_: Change, deadline _: Instant) async throws(StoreError) -> ChangeOutcome {
        state.withLock { $0.outcome }
    }

    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
        state.withLock { $0.checks.append(Check(deadline: deadline, receive: receive)) }
    }

    func close() {}
}

/// Counts its notifications.
final class CountingListener: FeedListener {
    private let signals = Mutex(0)

    var count: Int { signals.withLock { $0 } }

    func readEnded() { signals.withLock { $0 += 1 } }
}

/// One row: broadcaster `b`, channel `c`, and the given version.
func rows(_ version: String) -> [BoardRow] {
    [BoardRow(broadcasterID: "b", channelID: "c", version: version)]
}

func change(_ version: String, channel: String = "c") throws -> Change {
    struct Invalid: Error {}
    guard let name = ChannelName("b/\(channel)") else { throw Invalid() }
    return try Change(name, .put(Version(bytes: Array(version.utf8))), requestID: "r")
}
