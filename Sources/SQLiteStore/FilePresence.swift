import CSQLite
import Logging
import Synchronization

/// Tracks whether the files are at their paths, so that their loss and their return are logged once, not once
/// per thread.
///
/// After a loss, the sessions of all threads close before one is opened again: a new session would use other
/// files than the old ones. When the last one closes, SQLite writes the commits of a removed WAL into the
/// database.
final class FilePresence: Sendable {
    private struct State {
        var isMissing = false
        /// Increased by each loss; sessions of an earlier generation must close.
        var generation = 0
        var openSessions = 0
        var closeLostSessions: (@Sendable () -> Void)?
    }

    private let path: String
    private let logger: Logger
    private let state = Mutex(State())
    private let closing = Mutex(())

    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// Sets what makes each thread close its session if it was lost. Called at each loss.
    func onLoss(_ closeLostSessions: @escaping @Sendable () -> Void) {
        state.withLock { $0.closeLostSessions = closeLostSessions }
    }

    /// Notes that files of a session of this generation were lost.
    func noteLoss(_ loss: DatabaseFiles.Loss, of generation: Int) {
        let (isNew, closeLostSessions) = state.withLock { state in
            guard state.generation == generation else { return (false, nil as (@Sendable () -> Void)?) }
            state.generation += 1
            defer { state.isMissing = true }
            return (!state.isMissing, state.closeLostSessions)
        }
        closeLostSessions?()
        guard isNew else { return }
        switch loss {
        case .database:
            logger.error(
                """
                SQLite database \(path) was moved, removed or replaced: until it is back, GET serves the \
                last board and PUT fails
                """)
        case .walRemoved, .walReplaced:
            logger.error(
                """
                The -wal or -shm file of SQLite database \(path) was removed or replaced while in use; \
                opening the database again
                """)
        }
    }

    /// Throws while a session is open whose files were lost.
    func requireThatAllAreClosed() throws(SQLiteError) {
        let mustWait = state.withLock { $0.isMissing && $0.openSessions > 0 }
        if mustWait {
            throw SQLiteError(code: SQLITE_SCHEMA, message: "its files were replaced, and it is opened again")
        }
    }

    /// Returns whether no files were lost since a session of this generation was opened.
    func isCurrent(_ generation: Int) -> Bool {
        state.withLock { $0.generation == generation }
    }

    /// Returns the generation of the new session.
    func noteOpened() -> Int {
        let (generation, wasMissing) = state.withLock { state in
            defer { state.isMissing = false }
            state.openSessions += 1
            return (state.generation, state.isMissing)
        }
        if wasMissing { logger.notice("SQLite database \(path) is open again") }
        return generation
    }

    /// Closes a session while no other is closing. The last one writes the commits of a removed WAL into the
    /// database, for which SQLite needs the exclusive lock. Two that close at the same time refuse it to each
    /// other, and the commits would be lost.
    func closeAlone(_ close: () -> Void) {
        closing.withLock { _ in close() }
        state.withLock { $0.openSessions -= 1 }
    }
}
