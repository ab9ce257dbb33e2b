import BlockingWork
import Threads
import Time

/// The session of a pool thread.
struct MySQLThreadState: PoolState, ~Copyable {
    private let sessions: SessionFactory
    private let interrupter: Interrupter
    /// Called after a session has been opened.
    private let opened: @Sendable () -> Void
    /// Called when the server has refused another session and the pool goes on with fewer.
    private let limited: @Sendable (MySQLError, _ sessions: Int) -> Void
    private var session: MySQLSession?
    /// When the session expires; nil without a session.
    var expiry: Instant? {
        switch session {
        case .some(let session): session.expiry
        case .none: nil
        }
    }
    /// The error of the last `open`, until a call has reported it.
    private var openingError: MySQLError?
    private var lastUse: Instant
    /// A session that has been idle for at least this long is pinged before a statement that must not run
    /// twice, because servers and firewalls close idle connections. Other statements need no ping: they are
    /// retried.
    private let trustedIdleTime: Duration

    /// Maximum number of attempts of a call within its deadline. Conflicts do not count: each means that
    /// another statement succeeded, so all succeed in the end. On two Galera nodes with two writers of one
    /// channel on each, three attempts were not enough for one PUT in seven.
    private static let maximumAttempts = 3
    private static let pauseAfterRefusal = Duration.milliseconds(50)

    init(
        sessions: SessionFactory, interrupter: Interrupter, trustedIdleTime: Duration = .seconds(5),
        limited: @escaping @Sendable (MySQLError, _ sessions: Int) -> Void = { _, _ in },
        opened: @escaping @Sendable () -> Void
    ) {
        self.sessions = sessions
        self.interrupter = interrupter
        self.trustedIdleTime = trustedIdleTime
        self.limited = limited
        self.opened = opened
        lastUse = sessions.clock.now
    }

    var isOpen: Bool { expiry.map { sessions.clock.now < $0 } ?? false }

    mutating func open() {
        drop()
        do {
            session = try sessions.open(interrupter)
            lastUse = sessions.clock.now
            opened()
        } catch {
            openingError = error
        }
    }

    var isRefused: Bool { openingError?.isSessionLimit ?? false }

    mutating func leaveOut(others: Int) {
        if let error = openingError.take() { limited(error, others) }
    }

    mutating func end() {
        drop()
        MySQLConnection.endThread()
    }

    /// Runs a statement and returns its result, or nil if it must run again on a new session: the current one
    /// was missing, expired, of an earlier generation, or broken.
    ///
    /// Conflicts and lock wait timeouts are retried here. A statement whose answer was lost runs again only
    /// if it is repeatable. `leaves` decides, by the result and the generation of the session, whether the
    /// session must be replaced; then the statement, which has stored nothing, runs again.
    mutating func use<Value>(
        until deadline: Instant, generation: Int, attempts: Int, isRepeatable: Bool,
        leaves: (Result<Value, MySQLError>, _ generation: Int) -> Bool = { _, _ in false },
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) -> Result<Value, MySQLError>? {
        var attempt = attempts + 1
        var backoff = Backoff.afterConflicts
        if let error = openingError.take() {
            guard mayRepeat(error, attempt, until: deadline, isRepeatable) else { return .failure(error) }
            // The server may not have ended the session that this thread has just closed.
            if error.isSessionLimit {
                Thread.pause(min(Self.pauseAfterRefusal, sessions.clock.time(until: deadline)))
            }
            return nil
        }
        while true {
            guard isUsable(generation, isRepeatable), let current = session?.generation,
                let result = run(body)
            else { return nil }
            if leaves(result, current) {
                drop()
                return sessions.clock.now < deadline ? nil : result
            }
            guard case .failure(let error) = result, !interrupter.isInterrupted,
                mayRepeat(error, attempt, until: deadline, isRepeatable)
            else { return result }
            if error.endsSession { return nil }
            if error.isConflict {
                Thread.pause(min(backoff.draw(sessions.random), sessions.clock.time(until: deadline)))
            } else {
                attempt += 1
            }
        }
    }

    private func mayRepeat(
        _ error: MySQLError, _ attempt: Int, until deadline: Instant, _ isRepeatable: Bool
    ) -> Bool {
        let left = sessions.clock.time(until: deadline)
        // Another wait for the same lock could exceed the deadline, and the caller would not learn that the
        // row is locked. MariaDB 10.5 checks lock wait timeouts only periodically: one of 1 second took up to
        // 2.4 seconds.
        if error.code == .ER_LOCK_WAIT_TIMEOUT, left < .seconds(MySQLLimits.lockOfOneRow) * 3 { return false }
        return attempt < Self.maximumAttempts && error.isWorthRepeating(isRepeatable) && left > .zero
    }

    private mutating func isUsable(_ generation: Int, _ isRepeatable: Bool) -> Bool {
        guard isOpen, let current = session?.generation, current >= generation else {
            drop()
            return false
        }
        guard !isRepeatable, lastUse.duration(to: sessions.clock.now) >= trustedIdleTime else { return true }
        do throws(MySQLError) {
            try session?.ping()
            return true
        } catch {
            drop()
            return false
        }
    }

    private mutating func run<Value>(
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) -> Result<Value, MySQLError>? {
        guard var session = session.take() else { return nil }
        let result = Result { () throws(MySQLError) in try body(&session) }
        lastUse = sessions.clock.now
        if case .failure(let error) = result, error.endsSession {
            if interrupter.isInterrupted { sessions.leave(session.connection.id) }
            drop()
        } else {
            self.session = consume session
        }
        return result
    }

    private mutating func drop() {
        session = nil
        openingError = nil
    }
}
