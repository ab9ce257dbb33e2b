import BlockingWork
import Threads
import Time

/// One pool thread's session. The pool opens it apart from any call.
struct MySQLThreadState: PoolState, ~Copyable {
    private let sessions: SessionFactory
    private let interrupter: Interrupter
    /// Called when the database let a session be opened.
    private let opened: @Sendable () -> Void
    private var session: MySQLSession?
    /// Nil without a session.
    private(set) var expiry: Instant?
    /// Why there is no session, until a caller has been told.
    private var openingError: MySQLError?
    private var lastUse: Instant
    /// A session idle for longer is asked whether it still lives before a statement that must not run twice:
    /// servers and firewalls end idle ones. Any other statement is its own question.
    private let trustedIdleTime: Duration

    /// How often one call tries its statement, its deadline permitting. Conflicts are not counted: each means
    /// that somebody else's statement came through, so that all do in the end. On two Galera nodes with two
    /// writers of one channel on each, three attempts were not enough for one PUT in seven.
    private static let maximumAttempts = 3

    init(
        sessions: SessionFactory, interrupter: Interrupter, trustedIdleTime: Duration = .seconds(5),
        opened: @escaping @Sendable () -> Void
    ) {
        self.sessions = sessions
        self.interrupter = interrupter
        self.trustedIdleTime = trustedIdleTime
        self.opened = opened
        lastUse = sessions.clock.now
    }

    var isOpen: Bool { expiry.map { sessions.clock.now < $0 } ?? false }

    mutating func open() {
        drop()
        do {
            session = try sessions.open(interrupter)
            expiry = session?.expiry
            lastUse = sessions.clock.now
            opened()
        } catch {
            openingError = error
        }
    }

    mutating func end() {
        drop()
        MySQLConnection.endThread()
    }

    /// Runs a statement and returns its result, or nil when it must run again on a new session: the one at
    /// hand was of an earlier generation, or turned out to be dead.
    ///
    /// Conflicts and lost locks are repeated here. A statement whose answer was lost runs again only when it
    /// is repeatable.
    mutating func use<Value>(
        until deadline: Instant, generation: Int, attempts: Int, isRepeatable: Bool,
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) -> Result<Value, MySQLError>? {
        var attempt = attempts + 1
        var backoff = Backoff.afterConflicts
        if let error = openingError.take() {
            return mayRepeat(error, attempt, until: deadline, isRepeatable) ? nil : .failure(error)
        }
        while true {
            guard isUsable(generation, isRepeatable), let result = run(body) else { return nil }
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
        // Another wait for the same lock could last beyond the deadline, and "locked" says more than that.
        // MariaDB 10.5 looks now and then which waits are over: one of a second took up to 2.4 there.
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
            drop()
        } else {
            self.session = consume session
        }
        return result
    }

    private mutating func drop() {
        session = nil
        expiry = nil
        openingError = nil
    }
}
