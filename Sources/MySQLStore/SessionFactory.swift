import BlockingWork
import Randomness
import StoreAddress
import Synchronization
import Time

/// Opens the sessions of one store, and keeps one that the watch has opened until the pool takes it.
final class SessionFactory: Sendable {
    let clock: Clock
    let random: RandomSource
    private let address: MySQLAddress
    private let generation: @Sendable () -> Int
    private let variables = ServerVariables()
    private let spare = Mutex<MySQLSession?>(nil)
    /// How long the last opening took.
    private let openingTime = Mutex<Duration?>(nil)

    /// A session ends after this, less a random tenth: behind a proxy, or after a name has moved to another
    /// server, the nodes would otherwise keep their sessions with the old one.
    private static let maximumLifetime = Duration.seconds(30 * 60)

    /// `generation` is that of the sessions to open; see `Circuit.generation`.
    init(
        address: MySQLAddress, clock: Clock, random: RandomSource, generation: @escaping @Sendable () -> Int
    ) {
        self.address = address
        self.clock = clock
        self.random = random
        self.generation = generation
    }

    /// Opens a session for the pool, or takes the one that was kept.
    func open(_ interrupter: Interrupter) throws(MySQLError) -> MySQLSession {
        let generation = generation()
        if var session = spare.withLock({ $0.take() }), session.generation == generation,
            clock.now < session.expiry
        {
            session.move(to: interrupter)
            return session
        }
        return try open(limits, interrupter)
    }

    /// Opens a session within these limits.
    func open(_ limits: MySQLLimits, _ interrupter: Interrupter) throws(MySQLError) -> MySQLSession {
        let began = clock.now
        let session = try MySQLSession.open(
            address, limits: limits, interrupter: interrupter, variables: variables,
            generation: generation(), expiry: began + Self.maximumLifetime * (1 - random.fraction() / 10))
        let time = began.duration(to: clock.now)
        openingTime.withLock { $0 = time }
        return session
    }

    /// Keeps a session for the next thread that opens one.
    func keep(_ session: consuming MySQLSession) {
        var session: MySQLSession? = session
        spare.withLock { $0 = session.take() }
    }

    /// Ends the session that was kept, if it was not taken.
    func dropSpare() {
        spare.withLock { $0 = nil }
    }

    /// Whether a session is kept.
    var hasSpare: Bool { spare.withLock { $0 != nil } }

    /// Ten seconds for a login, or eight times what the last session took: a thread that is stuck in a login
    /// cannot be interrupted, and it should not be stuck for longer than the distance of the database
    /// justifies.
    private var limits: MySQLLimits {
        guard let time = openingTime.withLock({ $0 }) else { return .opening }
        let (seconds, attoseconds) = (time * 8).components
        let whole = UInt32(clamping: attoseconds > 0 ? seconds + 1 : seconds)
        return .serving(connect: min(max(whole, 2), MySQLLimits.opening.connect))
    }
}
