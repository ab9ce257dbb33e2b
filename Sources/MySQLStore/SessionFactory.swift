import BlockingWork
import Randomness
import StoreAddress
import Synchronization
import Time

/// Opens the sessions of one store. Keeps a spare session, opened by the watch, until the pool takes it.
final class SessionFactory: Sendable {
    let clock: Clock
    let random: RandomSource
    private let address: MySQLAddress
    private let generation: @Sendable () -> Int
    private let variables = ServerVariables()
    private let time: DatabaseTime
    /// The sessions left behind; nil for a store without a pool.
    private let left: LeftSessions?
    private let spare = Mutex<MySQLSession?>(nil)
    /// Duration of the last successful open.
    private let openingTime = Mutex<Duration?>(nil)

    /// Maximum age of a session; up to a tenth is subtracted at random. Without it, the nodes would keep
    /// their sessions with the old server behind a proxy, or after a host name has moved to another server.
    private static let maximumLifetime = Duration.seconds(30 * 60)

    /// `generation` returns the generation of new sessions; see `Circuit.generation`.
    init(
        address: MySQLAddress, clock: Clock, random: RandomSource, left: LeftSessions? = nil,
        time: DatabaseTime = DatabaseTime(), generation: @escaping @Sendable () -> Int
    ) {
        self.left = left
        self.time = time
        self.address = address
        self.clock = clock
        self.random = random
        self.generation = generation
    }

    /// Returns the spare session if it is current, else opens a new one.
    func open(_ interrupter: Interrupter) throws(MySQLError) -> MySQLSession {
        let generation = generation()
        if var session = spare.withLock({ $0.take() }), session.generation == generation,
            clock.now < session.expiry
        {
            session.move(to: interrupter)
            return session
        }
        let session = try open(limits, interrupter)
        try left?.settle(session.connection)
        return session
    }

    /// Records that a session was left behind in the middle of a statement.
    func leave(_ id: UInt) {
        left?.add(id)
    }

    /// Opens a session with these limits.
    func open(_ limits: MySQLLimits, _ interrupter: Interrupter) throws(MySQLError) -> MySQLSession {
        let began = clock.now
        let session = try MySQLSession.open(
            address, limits: limits, interrupter: interrupter, variables: variables, time: time,
            generation: generation(), expiry: began + Self.maximumLifetime * (1 - random.fraction() / 10))
        let duration = began.duration(to: clock.now)
        openingTime.withLock { $0 = duration }
        return session
    }

    /// Keeps a session as the spare, for the next thread that opens one.
    func keep(_ session: consuming MySQLSession) {
        var session: MySQLSession? = session
        spare.withLock { $0 = session.take() }
    }

    /// Closes the spare session, if there is one.
    func dropSpare() {
        spare.withLock { $0 = nil }
    }

    /// Whether there is a spare session.
    var hasSpare: Bool { spare.withLock { $0 != nil } }

    /// The connect timeout is eight times the duration of the last open, from 2 to 10 seconds, and 10 seconds
    /// before the first one. A thread cannot be interrupted during a login, so the timeout should fit the
    /// distance of the database.
    private var limits: MySQLLimits {
        guard let time = openingTime.withLock({ $0 }) else { return .opening }
        let (seconds, attoseconds) = (time * 8).components
        let whole = UInt32(clamping: attoseconds > 0 ? seconds + 1 : seconds)
        return .serving(connect: min(max(whole, 2), MySQLLimits.opening.connect))
    }
}
