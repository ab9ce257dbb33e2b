import BlockingWork
import Broadcasts
import Randomness
import StoreAddress
import Threads
import Time

/// One thread's session: opened when needed, and again when it broke.
struct MySQLThreadState: ~Copyable {
    private let address: MySQLAddress
    private let interrupter: Interrupter
    private var session: MySQLSession?
    /// The circuit's generation in which the session was opened; one from before an outage is not to be
    /// trusted.
    private var sessionGeneration = 0
    private var lastUse: Instant
    private let clock: Clock
    private let random: RandomSource
    /// A session idle for longer is asked whether it still lives: servers and firewalls end idle ones.
    private let trustedIdleTime: Duration
    private let clientThread = ClientThread()

    /// How often one call tries its statement, its deadline permitting. Conflicts are not counted: each means
    /// that somebody else's statement came through, so that all do in the end. On two Galera nodes with two
    /// writers of one channel on each, three attempts were not enough for one PUT in seven.
    private static let maximumAttempts = 3

    init(
        address: MySQLAddress, interrupter: Interrupter, trustedIdleTime: Duration = .seconds(5),
        clock: Clock,
        random: RandomSource
    ) {
        self.clock = clock
        self.random = random
        lastUse = clock.now
        self.address = address
        self.interrupter = interrupter
        self.trustedIdleTime = trustedIdleTime
    }

    /// Runs a statement, on a new session and once more where the one at hand turns out to be dead. Repeating
    /// is right because all our statements may be run twice: a version that had been stored is stored again.
    /// Only somebody who writes the same channel at that moment can tell, and would with any client that
    /// repeats what failed.
    mutating func use<Value>(
        until deadline: Instant, generation: Int,
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) -> Result<Value, MySQLError> {
        var attempt = 1
        var backoff = Backoff.afterConflicts
        while true {
            let result = run(deadline, generation, body)
            guard case .failure(let error) = result, attempt < Self.maximumAttempts,
                !interrupter.isInterrupted, mayRepeat(error, until: deadline)
            else { return result }
            if error.isConflict {
                Thread.pause(min(backoff.draw(random), clock.time(until: deadline)))
            } else {
                attempt += 1
            }
        }
    }

    private func mayRepeat(_ error: MySQLError, until deadline: Instant) -> Bool {
        let left = clock.time(until: deadline)
        // Another wait for the same lock could last beyond the deadline, and "locked" says more than that.
        // MariaDB 10.5 looks now and then which waits are over: one of a second took up to 2.4 there.
        if error.code == .ER_LOCK_WAIT_TIMEOUT, left < .seconds(MySQLLimits.probing.lock) * 3 { return false }
        return error.isWorthRepeating && left > .zero
    }

    private mutating func run<Value>(
        _ deadline: Instant, _ generation: Int,
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) -> Result<Value, MySQLError> {
        do {
            var session = try readySession(deadline, generation)
            let result = Result { () throws(MySQLError) in try body(&session) }
            lastUse = clock.now
            if case .failure(let error) = result, error.endsSession { return result }
            self.session = consume session
            return result
        } catch {
            return .failure(error)
        }
    }

    private mutating func readySession(
        _ deadline: Instant, _ generation: Int
    ) throws(MySQLError) -> MySQLSession {
        if let session = session.take(), sessionGeneration == generation {
            let isTrusted = lastUse.duration(to: clock.now) < trustedIdleTime
            if isTrusted || (try? session.ping()) != nil { return session }
        }
        sessionGeneration = generation
        return try MySQLSession.open(
            address, limits: .serving(for: clock.time(until: deadline)), interrupter: interrupter)
    }
}
