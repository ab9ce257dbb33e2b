package import Time

/// A board to answer with.
package struct Reading: Sendable {
    package let board: Board
    /// How long ago the read of this board began, when it stands in for one that could not be read in time.
    package let age: Duration?
}

/// No board can be served: the store failed, and the last board, if there is one, is too old.
package struct BoardUnavailable: Error, Hashable, Sendable {
    /// What the store reported, for the log.
    package let cause: StoreError

    package init(cause: StoreError) {
        self.cause = cause
    }
}

/// A read that succeeded.
package struct GoodRead: Sendable {
    package let board: Board
    package let began: Instant
    package let number: Int
}

extension BoardFeed {
    /// What a feed knows at one moment.
    package struct Snapshot: Sendable {
        package let freshness: Freshness
        /// Nil until a read has succeeded.
        package let lastGoodRead: GoodRead?
        /// Why the last read failed; nil when it succeeded.
        package let lastFailure: StoreError?
        let readsEnded: Int
        let firstCompleteRead: Int

        /// The board that `maxStaleness` allows to serve without waiting.
        package func current(at now: Instant) -> Reading? {
            guard freshness.maxStaleness > .zero, let lastGoodRead, lastGoodRead.number >= firstCompleteRead,
                lastGoodRead.began.duration(to: now) <= freshness.maxStaleness
            else { return nil }
            return Reading(board: lastGoodRead.board, age: nil)
        }

        /// The answer for a waiter whose answer comes with this read. Nil while that has not ended.
        package func outcome(ofRead number: Int, at now: Instant) -> Result<Reading, BoardUnavailable>? {
            if let lastGoodRead, lastGoodRead.number >= number {
                return .success(Reading(board: lastGoodRead.board, age: nil))
            }
            if let current = current(at: now) { return .success(current) }
            return readsEnded >= number ? fallback(at: now) : nil
        }

        /// The answer for a waiter whose time is up, or whose read failed: the last board with its age, as
        /// long as `staleIfError` allows.
        package func fallback(at now: Instant) -> Result<Reading, BoardUnavailable> {
            if let lastGoodRead {
                let age = lastGoodRead.began.duration(to: now)
                if age <= freshness.staleIfError {
                    return .success(Reading(board: lastGoodRead.board, age: age))
                }
            }
            return .failure(BoardUnavailable(cause: lastFailure ?? .deadlineExceeded))
        }
    }
}
