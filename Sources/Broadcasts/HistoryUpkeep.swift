internal import Synchronization
package import Time

/// The result of a change in a store.
package struct AppliedChange: Hashable, Sendable {
    package let outcome: ChangeOutcome
    /// Whether the change has an entry in the history.
    package var isRecorded = false
    /// Why the change has no entry although it should; nil otherwise.
    package var historyError: String?

    package init(_ outcome: ChangeOutcome) {
        self.outcome = outcome
    }
}

/// Decides when a store removes old history entries, and whether it records changes at all.
///
/// History must not grow without bound: it is recorded only while it can be trimmed.
package final class HistoryUpkeep: Sendable {
    /// What to remove after a change.
    package struct Work: Hashable, Sendable {
        /// Whether to remove the oldest entries of the channel that was changed.
        package var trimsChannel = false
        /// Whether to remove the entries of channels that were deleted long ago.
        package var removesDeletedChannels = false

        package var isNeeded: Bool { trimsChannel || removesDeletedChannels }
    }

    private struct State {
        var lastRemoval: Instant?
        var isStopped = false
        var hasReported = false
        var lastFailure: Instant?
    }

    /// The share of changes after which the channel is trimmed. So a channel has some dozens of entries more
    /// than `history_limit` for a while.
    private static let trimmedShare = 1.0 / 16
    /// How often a node looks for channels that were deleted long ago.
    private static let removalInterval = Duration.seconds(86_400)
    /// Without a failure for this long, the next one is reported again.
    private static let recoveryTime = Duration.seconds(60)
    /// How long the history of a deleted channel is kept.
    package static let daysAfterDeletion = 90
    /// Maximum number of deleted channels whose entries are removed at once.
    package static let maximumRemovals = 100

    private let state = Mutex(State())

    package init() {}

    /// Notes the result of a change. `fraction` is a random number from 0 to 1.
    ///
    /// - Returns: A line for the log if the history has stopped working, and what to remove now.
    package func note(
        _ applied: AppliedChange, at now: Instant, fraction: Double
    ) -> (warning: String?, work: Work) {
        state.withLock { state in
            if let error = applied.historyError {
                defer { (state.hasReported, state.lastFailure) = (true, now) }
                let warning = "Changes are not recorded in the history: \(error)"
                return (state.hasReported ? nil : warning, Work())
            }
            guard applied.isRecorded else { return (nil, Work()) }
            // Some sessions may still pause while others record again.
            if state.lastFailure.map({ $0.duration(to: now) >= Self.recoveryTime }) ?? true {
                state.hasReported = false
            }
            var work = Work(trimsChannel: fraction < Self.trimmedShare)
            if state.lastRemoval.map({ $0.duration(to: now) >= Self.removalInterval }) ?? true {
                state.lastRemoval = now
                work.removesDeletedChannels = true
            }
            return (nil, work)
        }
    }

    /// Whether entries may not be removed: the account has no right to.
    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Records nothing from now on.
    package func stop() { state.withLock { $0.isStopped = true } }

    /// Records again, because a session has found the right to remove entries.
    package func resume() { state.withLock { $0.isStopped = false } }
}
