package import Broadcasts
import Synchronization
package import Time

/// Returns a change. Invalid parts are an error in the test and end the process.
package func change(
    _ broadcaster: String, _ channel: String, _ version: String,
    _ precondition: Precondition = Precondition(),
    historyLimit: Int = 0, requestID: String = "request-1"
) -> Change {
    guard let channel = ChannelName("\(broadcaster)/\(channel)"),
        let version = try? Version(bytes: Array(version.utf8))
    else { preconditionFailure("invalid change in a test") }
    var change = Change(channel, .put(version), requestID: requestID)
    change.precondition = precondition
    change.historyLimit = historyLimit
    return change
}

/// Returns the deletion of a channel.
package func deletion(
    _ broadcaster: String, _ channel: String, _ precondition: Precondition = Precondition(),
    historyLimit: Int = 0, requestID: String = "request-1"
) -> Change {
    guard let channel = ChannelName("\(broadcaster)/\(channel)") else {
        preconditionFailure("invalid change in a test")
    }
    var change = Change(channel, .delete, requestID: requestID)
    change.precondition = precondition
    change.historyLimit = historyLimit
    return change
}

extension BroadcastStore {
    /// Reads as `read` does and returns the board.
    package func readBoard(deadline: Instant) async throws(StoreError) -> Board {
        try await readOnce(deadline: deadline).board
    }

    /// Reads as `read` does and returns its result.
    package func readOnce(deadline: Instant) async throws(StoreError) -> StoreRead {
        try await received { receive in
            read(deadline: deadline, make: { Board(rows: $0) }, receive: receive)
        }.get()
    }

    /// Reads as `read` does and returns the rows of the board.
    package func readRows(deadline: Instant) async throws(StoreError) -> [BoardRow] {
        try await readBoard(deadline: deadline).rows
    }

    /// Checks as `check` does and throws the error.
    package func check(deadline: Instant) async throws(StoreError) {
        if let error = await received({ check(deadline: deadline, receive: $0) }) { throw error }
    }
}

/// Returns what `start` passes to its argument.
///
/// The value passes through a lock: ThreadSanitizer misses that of a continuation that is resumed in the
/// moment in which it is awaited.
private func received<Value: Sendable>(
    _ start: (@escaping @Sendable (Value) -> Void) -> Void
) async -> Value {
    let value = Mutex<Value?>(nil)
    await withCheckedContinuation { continuation in
        start { received in
            value.withLock { $0 = received }
            continuation.resume()
        }
    }
    guard let value = value.withLock({ $0 }) else { preconditionFailure("resumed without a value") }
    return value
}
