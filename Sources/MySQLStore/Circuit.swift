import Broadcasts
import Time

/// A circuit breaker: decides whether calls go to the database or fail at once. Plain data, without a clock
/// or a thread.
///
/// It opens after several connection or server errors in a row, when PUTs time out while the database is
/// silent, or when a probe fails while the database is silent. It closes when a probe succeeds.
struct Circuit: Sendable {
    /// Number of consecutive errors after which the circuit opens, and number of consecutive PUTs without an
    /// answer that count as certain. A single error may come from one dead connection.
    static let failureLimit = 3
    /// PUTs without an answer open the circuit only after the database has been silent for this long; fewer
    /// than `failureLimit` of them only after twice as long. A distant or slow database answers something
    /// within that time.
    static let silenceLimit = Duration.seconds(2)

    /// While the server takes no writes, how often a session is replaced to find another server. Each login
    /// costs the server, with TLS up to 70 ms of CPU.
    static let searchInterval = Duration.seconds(2)

    /// Incremented when the circuit opens, and when the server begins or ceases to refuse writes. Results of
    /// calls of an earlier generation are ignored, and sessions of an earlier generation are not used for
    /// later calls.
    private(set) var generation = 0
    /// Why calls fail at once; nil while the circuit is closed.
    private(set) var outage: String?
    private var failuresInARow = 0
    private var missesInARow = 0
    /// When the first call without an answer began; nil after an answer.
    private var silentSince: Instant?
    /// When the database last answered: a new session, a successful probe, or a result that does not mean
    /// database trouble.
    private var lastHeard: Instant?
    /// The operations that found a server which takes no writes, since they last found one that does.
    private var refused: Set<StoreOperation> = []
    /// When a session may be replaced next because its server takes no writes.
    private var nextSearch: Instant?

    /// A new circuit is open: no probe has succeeded yet.
    init(outage: String) {
        self.outage = outage
    }

    /// Returns the current generation for a new call. Throws `unavailable` while the circuit is open.
    func admit() throws(StoreError) -> Int {
        if let outage { throw .unavailable(outage) }
        return generation
    }

    /// Records that a call of this generation was answered.
    mutating func succeeded(_ generation: Int, at now: Instant) {
        if generation == self.generation { failuresInARow = 0 }
        heard(at: now)
    }

    /// Records that the database answered.
    mutating func heard(at now: Instant) {
        lastHeard = now
        missesInARow = 0
        silentSince = nil
    }

    /// Whether the database has not answered since an instant.
    func isSilent(since began: Instant) -> Bool {
        lastHeard.map { $0 < began } ?? true
    }

    /// Records that a call of this generation failed with a connection or server error. Returns whether that
    /// opened the circuit.
    mutating func failed(_ generation: Int, _ reason: String) -> Bool {
        guard generation == self.generation, outage == nil else { return false }
        failuresInARow += 1
        guard failuresInARow >= Self.failureLimit else { return false }
        open(reason)
        return true
    }

    /// Records that a call of this generation got no answer by its deadline. Returns whether that opened the
    /// circuit. Only a PUT can open it: reads and checks have shorter deadlines and must not cause PUTs to be
    /// refused.
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

    /// Records that a probe that began at this instant failed. Returns whether the outage must be logged: the
    /// circuit was open with another reason, or the probe opened it because the database was silent since it
    /// began.
    mutating func probeFailed(since began: Instant, _ reason: String, provesSilence: Bool) -> Bool {
        if outage != nil { return remainsOpen(reason) }
        guard provesSilence, isSilent(since: began) else { return false }
        open(reason)
        return true
    }

    /// Updates the reason of an open circuit. Returns whether it differs from the last one.
    mutating func remainsOpen(_ reason: String) -> Bool {
        defer { outage = reason }
        return outage != reason
    }

    /// Closes the circuit after a successful probe. Returns whether it was open.
    mutating func restore(at now: Instant) -> Bool {
        defer { outage = nil }
        failuresInARow = 0
        heard(at: now)
        return outage != nil
    }

    /// Records that a session of this generation found that its server takes no writes. Returns whether the
    /// session must be replaced, and whether the refusal must be logged.
    ///
    /// The server may be a former primary behind a proxy or a name that leads to the new one by now. The
    /// first refusal makes all sessions outdated, so that each call may look for the new server. Afterwards
    /// one session is replaced in each interval.
    mutating func refusedWrites(
        _ operation: StoreOperation, _ generation: Int, at now: Instant
    ) -> (leaves: Bool, isNews: Bool) {
        guard generation == self.generation else { return (true, false) }
        let searches = nextSearch.map { $0 <= now } ?? true
        guard searches || !refused.isEmpty else { return (false, false) }
        let isNews = refused.isEmpty
        refused.insert(operation)
        guard searches else { return (false, false) }
        nextSearch = now + Self.searchInterval
        if isNews { self.generation += 1 }
        return (true, isNews)
    }

    /// Records that an operation on a session of this generation found a server that takes writes. If the
    /// last one did not, makes all sessions outdated, because others may be with the old server. Returns
    /// whether that ended the refusals.
    mutating func tookWrites(_ operation: StoreOperation, _ generation: Int) -> Bool {
        guard generation == self.generation, !refused.isEmpty else { return false }
        let left = operation == .check ? [] : refused.subtracting([operation])
        guard left != refused else { return false }
        refused = left
        self.generation += 1
        return refused.isEmpty
    }

    private mutating func open(_ reason: String) {
        outage = reason
        generation += 1
        missesInARow = 0
        silentSince = nil
    }
}
