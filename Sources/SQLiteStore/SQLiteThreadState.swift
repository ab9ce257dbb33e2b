import BlockingWork
import Broadcasts
import CSQLite
import Time

/// A thread's connection. It is opened by the first call, and reopened after the file has become unusable.
struct SQLiteThreadState: PoolState, ~Copyable {
    private let path: String
    private let clock: Clock
    private let presence: FilePresence
    /// What a database in memory gets.
    private let additions: SchemaAdditions
    private var session: SQLiteSession?
    /// The generation of `session`.
    private var generation = 0

    init(path: String, additions: SchemaAdditions, clock: Clock, presence: FilePresence) {
        self.additions = additions
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
            if error.endsConnection, path != ":memory:", let ended = session.take() { close(consume ended) }
            return .failure(.failed(error.explained(path: path)))
        }
    }

    /// Closes the session if its files were lost, so that another thread can open them again.
    mutating func closeIfLost() {
        guard let session = session.take() else { return }
        if isUsable(session) { self.session = consume session } else { close(consume session) }
    }

    private mutating func openSession(_ deadline: Instant) throws(SQLiteError) -> SQLiteSession {
        if let session = session.take() {
            if isUsable(session) { return session }
            close(consume session)
        }
        try presence.requireThatAllAreClosed()
        // Creates only a database in memory: a missing file must not be replaced by an empty one.
        let session = try SQLiteSession.open(
            path: path, at: path == ":memory:" ? .start(additions) : .service,
            deadline: deadline, clock: clock)
        generation = presence.noteOpened()
        return session
    }

    /// Returns whether the files of a session are in place, and were in place for the other thread.
    private func isUsable(_ session: borrowing SQLiteSession) -> Bool {
        if let loss = session.loss {
            presence.noteLoss(loss, of: generation)
            if loss == .walReplaced { session.connection.skipFinalCheckpoint() }
            return false
        }
        return presence.isCurrent(generation)
    }

    private func close(_ session: consuming SQLiteSession) {
        var closing: SQLiteSession? = consume session
        presence.closeAlone { _ = closing.take() }
    }
}
