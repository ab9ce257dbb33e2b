package import Time

/// A board to serve.
package struct Reading: Sendable {
    package let board: Board
    /// Time since the read of this board began, if the board is served because a newer one could not be read
    /// in time. If its server takes no writes, the time since the last read of one that did. Nil for a fresh
    /// board.
    package let age: Duration?
}

/// No board can be served: the store failed or missed the deadline, and the last board, if any, is too old.
package struct BoardUnavailable: Error, Hashable, Sendable {
    /// The store's error, for the log.
    package let cause: StoreError

    package init(cause: StoreError) {
        self.cause = cause
    }
}

/// A successful read: its board, when it began and ended, its number, and whether its server takes writes.
package struct GoodRead: Sendable {
    package let board: Board
    package let began: Instant
    package let ended: Instant
    package let number: Int
    package let takesWrites: Bool
    /// When the next held version is announced, by this node's clock; nil if nothing is held. A little early,
    /// because the time of the database was read after `began`.
    package let nextAnnouncement: Instant?
}

extension BoardFeed {
    /// The state of a feed at one moment.
    package struct Snapshot: Sendable {
        package internal(set) var freshness: Freshness
        /// Nil before the first successful read.
        package internal(set) var lastGoodRead: GoodRead?
        /// The error of the last read; nil if it succeeded.
        package internal(set) var lastFailure: StoreError?
        /// When the last read of a server that took writes began. Before the first one, when the feed was
        /// created.
        var lastWritable: Instant
        /// Reads are numbered from 1 in the order in which they begin.
        var readsEnded = 0
        /// The first read that is certain to reflect every PUT acknowledged through this node.
        var firstCompleteRead = 0

        init(freshness: Freshness, created: Instant) {
            self.freshness = freshness
            lastWritable = created
        }

        /// Returns the last board if `maxStaleness` allows serving it without a read, otherwise nil.
        package func current(at now: Instant) -> Reading? {
            guard freshness.maxStaleness > .zero, let lastGoodRead, lastGoodRead.number >= firstCompleteRead,
                lastGoodRead.began.duration(to: now) <= freshness.maxStaleness,
                lastGoodRead.nextAnnouncement.map({ now < $0 }) ?? true
            else { return nil }
            return reading(of: lastGoodRead, at: now)
        }

        /// Returns the board of a read that is fresh unless its server takes no writes. `staleIfError` does
        /// not apply to that.
        private func reading(of read: GoodRead, at now: Instant) -> Reading {
            Reading(board: read.board, age: read.takesWrites ? nil : lastWritable.duration(to: now))
        }

        /// Whether this read has ended, with or without a board.
        package func hasEnded(read number: Int) -> Bool { readsEnded >= number }

        /// Whether there is a board of this read or a later one.
        package func hasBoard(ofRead number: Int) -> Bool {
            lastGoodRead.map { $0.number >= number } ?? false
        }

        /// Returns the result for a waiter of this read. Nil while the read is in progress, unless
        /// `maxStaleness` allows serving the last board.
        package func outcome(ofRead number: Int, at now: Instant) -> Result<Reading, BoardUnavailable>? {
            if let current = current(at: now) { return .success(current) }
            return ownOutcome(ofRead: number, at: now)
        }

        /// Returns the result for a waiter that needs this read or a later one, whatever `maxStaleness` is.
        /// Nil while the read is in progress.
        package func ownOutcome(
            ofRead number: Int, at now: Instant
        ) -> Result<Reading, BoardUnavailable>? {
            if let lastGoodRead, lastGoodRead.number >= number {
                return .success(reading(of: lastGoodRead, at: now))
            }
            return hasEnded(read: number) ? fallback(at: now) : nil
        }

        /// Returns the result for a request that has been held: the last board, with its age if the reads
        /// that follow each other while requests are held have failed or are late.
        package func heldOutcome(at now: Instant) -> Result<Reading, BoardUnavailable> {
            guard lastFailure == nil, let lastGoodRead else { return fallback(at: now) }
            let duration = lastGoodRead.began.duration(to: lastGoodRead.ended)
            let due = lastGoodRead.began + max(freshness.watchInterval, duration * 4)
            guard now <= due + freshness.readDeadline else { return fallback(at: now) }
            return .success(reading(of: lastGoodRead, at: now))
        }

        /// Returns the result for a waiter whose deadline has passed or whose read has failed: the last board
        /// with its age if `staleIfError` allows it, otherwise an error.
        package func fallback(at now: Instant) -> Result<Reading, BoardUnavailable> {
            if let lastGoodRead {
                let age = lastGoodRead.began.duration(to: now)
                if age <= freshness.staleIfError {
                    return .success(
                        Reading(
                            board: lastGoodRead.board,
                            age: lastGoodRead.takesWrites ? age : lastWritable.duration(to: now)))
                }
            }
            return .failure(BoardUnavailable(cause: lastFailure ?? .deadlineExceeded))
        }
    }
}
