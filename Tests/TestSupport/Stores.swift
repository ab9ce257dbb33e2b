package import Broadcasts
package import Time

/// Returns a change. Invalid parts are an error in the test and end the process.
package func change(
    _ broadcaster: String, _ channel: String, _ version: String
) -> Change {
    guard let broadcasterID = BroadcasterID(broadcaster), let channelID = ChannelID(channel),
        let version = try? Version(bytes: Array(version.utf8))
    else { preconditionFailure("invalid change in a test") }
    return Change(
        broadcasterID: broadcasterID, channelID: channelID, version: version, author: "test",
        requestID: "request-1")
}

extension BroadcastStore {
    /// Reads as `read` does and returns the board.
    package func readBoard(deadline: Instant) async throws(StoreError) -> Board {
        try await withCheckedContinuation { continuation in
            read(deadline: deadline) {
                Board(rows: $0)
            } receive: {
                continuation.resume(returning: $0)
            }
        }.get()
    }

    /// Reads as `read` does and returns the rows of the board.
    package func readRows(deadline: Instant) async throws(StoreError) -> [BoardRow] {
        try await readBoard(deadline: deadline).rows
    }

    /// Checks as `check` does and throws the error.
    package func check(deadline: Instant) async throws(StoreError) {
        let error = await withCheckedContinuation { continuation in
            check(deadline: deadline) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }
}
