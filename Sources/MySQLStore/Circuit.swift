import Broadcasts
import Time

/// Whether calls go to the database or fail at once: plain data, without a clock or a thread.
///
/// It opens after several errors in a row of the connection or the server, or when PUTs get no answer while
/// nothing at all is heard from the database. It closes when the watch has seen the database work again.
struct Circuit: Sendable {
    /// Errors, or PUTs without an answer, in a row after which the database counts as down. A single one may
    /// be one dead connection's.
    static let failureLimit = 3
    /// PUTs without an answer count as an outage only after the database has been silent for this long, and a
    /// single one only after twice as long: a database that is far away or slow is heard from meanwhile.
    static let silenceLimit = Duration.seconds(2)

    /// Counts outages. Sessions and calls of an earlier generation no longer count.
    private(set) var generation = 0
    /// Why calls fail at once; nil while they do not.
    private(set) var outage: String?
    private var failuresInARow = 0
    private var missesInARow = 0
    /// When the first of those calls began that got no answer.
    private var silentSince: Instant?
    /// When the database was last heard from: a new session, or an answer of any kind.
    private var lastHeard: Instant?

    /// A circuit begins open: nothing has been seen to work.
    init(outage: String) {
        self.outage = outage
    }

    /// Lets a call through and returns its generation, or throws `unavailable`.
    func admit() throws(StoreError) -> Int {
        if let outage { throw .unavailable(outage) }
        return generation
    }

    /// A call of this generation was answered.
    mutating func succeeded(_ generation: Int, at now: Instant) {
        if generation == self.generation { failuresInARow = 0 }
        heard(at: now)
    }

    /// The database gave a sign of life.
    mutating func heard(at now: Instant) {
        lastHeard = now
        missesInARow = 0
        silentSince = nil
    }

    /// Whether nothing has been heard from the database since an instant.
    func isSilent(since began: Instant) -> Bool {
        lastHeard.map { $0 < began } ?? true
    }

    /// A call of this generation met an error of the connection or the server. True when that opened the
    /// circuit.
    mutating func failed(_ generation: Int, _ reason: String) -> Bool {
        guard generation == self.generation, outage == nil else { return false }
        failuresInARow += 1
        guard failuresInARow >= Self.failureLimit else { return false }
        open(reason)
        return true
    }

    /// A call of this generation got no answer within its deadline. True when that opened the circuit: only
    /// a PUT does, so that calls with a shorter deadline never refuse one.
    mutating func missed(
        _ operation: StoreOperation, _ generation: Int, since began: Instant, at now: Instant,
        _ reason: String
    ) -> Bool {
        guard generation == self.generation, outage == nil, isSilent(since: began) else { return false }
        let start = silentSince ?? began
        silentSince = start
        guard operation == .put else { return false }
        missesInARow += 1
        let silence = start.duration(to: now)
        guard silence >= Self.silenceLimit * (missesInARow >= Self.failureLimit ? 1 : 2) else { return false }
        open(reason)
        return true
    }

    /// A probe that began at this instant failed, and this is why. True when the reason is news: the circuit
    /// was open for another one, or the probe opened it, because nothing was heard meanwhile either.
    mutating func probeFailed(since began: Instant, _ reason: String, provesSilence: Bool) -> Bool {
        if outage != nil { return remainsOpen(reason) }
        guard provesSilence, isSilent(since: began) else { return false }
        open(reason)
        return true
    }

    /// The circuit is open still, and this is why by now. True when the reason is a new one.
    mutating func remainsOpen(_ reason: String) -> Bool {
        defer { outage = reason }
        return outage != reason
    }

    /// The watch has seen the database work. True when the circuit was open.
    mutating func restore(at now: Instant) -> Bool {
        defer { outage = nil }
        failuresInARow = 0
        heard(at: now)
        return outage != nil
    }

    /// A call of this generation found out that its session is with the wrong server: the others of its time
    /// may be too.
    mutating func distrustSessions(of generation: Int) {
        if generation == self.generation { self.generation += 1 }
    }

    private mutating func open(_ reason: String) {
        outage = reason
        generation += 1
        missesInARow = 0
        silentSince = nil
    }
}
