import BlockingWork
import Broadcasts
import CSQLite
import Logging
import Synchronization
import Time

/// A thread's connection. It is opened by the first call, and reopened after the file has become unusable.
struct SQLiteThreadState: PoolState, ~Copyable {
    private let path: String
    private let clock: Clock
    private let presence: FilePresence
    private var session: SQLiteSession?

    init(path: String, clock: Clock, presence: FilePresence) {
        self.clock = clock
        self.path = path
        self.presence = presence
    }

    mutating func use<Value>(
        until deadline: Instant,
        _ body: (inout SQLiteSession) throws(SQLiteError) -> Value
    ) -> Result<Value, StoreError> {
        do {
            var session = try openSession(deadline)
            let result = Result { () throws(SQLiteError) in try body(&session) }
            self.session = consume session
            return .success(try result.get())
        } catch {
            if error.endsConnection, path != ":memory:" { session = nil }
            return .failure(.failed(error.explained(path: path)))
        }
    }

    private mutating func openSession(_ deadline: Instant) throws(SQLiteError) -> SQLiteSession {
        if let session = session.take() {
            if !session.isOrphaned { return session }
            presence.noteMissing()
        }
        // Creates only a database in memory: a missing file must not be replaced by an empty one.
        let session = try SQLiteSession.open(
            path: path, at: path == ":memory:" ? .start : .service, deadline: deadline, clock: clock)
        presence.noteFound()
        return session
    }
}

/// Tracks whether the file is at its path, so that its loss and its return are logged once, not once per
/// thread.
final class FilePresence: Sendable {
    private let path: String
    private let logger: Logger
    private let isMissing = Mutex(false)

    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    func noteMissing() {
        guard set(true) else { return }
        logger.error(
            """
            SQLite database \(path) was moved, removed or replaced: until it is back, GET serves the last \
            board and PUT fails
            """)
    }

    func noteFound() {
        if set(false) { logger.notice("SQLite database \(path) is open again") }
    }

    /// Returns whether the value has changed.
    private func set(_ missing: Bool) -> Bool {
        isMissing.withLock { isMissing in
            defer { isMissing = missing }
            return isMissing != missing
        }
    }
}
