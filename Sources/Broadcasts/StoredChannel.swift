/// A channel as a store keeps it. With `hold_back`, its latest version may be held until a time.
///
/// Times are microseconds since 1970-01-01 00:00 UTC, by the database's clock.
package struct StoredChannel: Hashable, Sendable {
    /// The version that was accepted last.
    package var version: String
    /// The version that readers see until `announceAt`. Nil: they see `version`.
    package var shown: String?
    /// When `shown` was announced.
    package var shownAt: Int?
    /// When `version` is, or was, announced. Nil if it is unknown.
    package var announceAt: Int?

    package init(version: String, shown: String? = nil, shownAt: Int? = nil, announceAt: Int? = nil) {
        self.version = version
        self.shown = shown
        self.shownAt = shownAt
        self.announceAt = announceAt
    }

    /// A version is held for at most an interval, which is at most 24 hours. A time further ahead means that
    /// a clock was wrong; the version is then announced.
    package static let longestHold = 25 * 3_600_000_000
    /// Clocks of two servers that differ by no more than this do not shorten an interval.
    package static let clockTolerance = 10_000_000

    /// Whether `version` is held at this time.
    package func isHeld(at now: Int) -> Bool {
        guard shown != nil, let announceAt else { return false }
        return now < announceAt && announceAt <= now + Self.longestHold
    }

    /// Returns the version that readers see at this time.
    package func announced(at now: Int) -> String {
        isHeld(at: now) ? shown ?? version : version
    }

    /// Whether the time of `version` has come and no store has recorded that yet.
    package func isDue(at now: Int) -> Bool { shown != nil && !isHeld(at: now) }

    /// Returns the channel after its announcement has been recorded, if that is due.
    package func folded(at now: Int) -> StoredChannel {
        guard isDue(at: now) else { return self }
        return StoredChannel(version: version, announceAt: announceAt.map { min($0, now) })
    }

    /// Returns the channel after a PUT of another version, or of the same one if `isUrgent` and it is held,
    /// and what that means. `interval` is the minimum time between two announcements in microseconds; zero
    /// announces at once.
    func replaced(
        by version: String, at now: Int, interval: Int, isUrgent: Bool
    ) -> (channel: StoredChannel, outcome: ChangeOutcome) {
        let isHeld = isHeld(at: now)
        let board = announced(at: now)
        let since = (isHeld ? shownAt : announceAt) ?? 0
        if isHeld, version.utf8.elementsEqual(board.utf8) {
            return (StoredChannel(version: version, announceAt: since), .cancelled)
        }
        let due = isUrgent ? now : due(since: since, isHeld: isHeld, at: now, interval: interval)
        if due <= now {
            let isAnnounced = version.utf8.elementsEqual(self.version.utf8)
            return (
                StoredChannel(version: version, announceAt: now), isAnnounced ? .announced : .changed
            )
        }
        let held = StoredChannel(version: version, shown: board, shownAt: since, announceAt: due)
        return (held, .held(until: due))
    }

    /// Returns when a new version is announced: an interval after the last announcement. A later PUT never
    /// puts off what is held.
    private func due(since: Int, isHeld: Bool, at now: Int, interval: Int) -> Int {
        let due = interval > 0 ? max(now, min(since, now + Self.clockTolerance) + interval) : now
        guard isHeld, let announceAt else { return due }
        return max(now, min(due, announceAt))
    }
}
