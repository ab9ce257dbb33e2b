import Broadcasts

/// Whether calls go to the database or fail at once: plain data, without a clock or a thread.
///
/// It opens after several failures in a row, and closes when the watch has seen the database work again.
struct Circuit: Sendable {
    /// Failures in a row after which the database counts as down. A single one may be one dead connection's.
    static let failureLimit = 3

    /// Counts outages. Sessions and calls of an earlier generation are of no more account.
    private(set) var generation = 0
    /// Why calls fail at once; nil while they do not.
    private(set) var outage: String?
    private var failuresInARow = 0

    /// A circuit begins open: nothing has been seen to work.
    init(outage: String) {
        self.outage = outage
    }

    /// Lets a call through and tells its generation, or throws `unavailable`.
    func admit() throws(StoreError) -> Int {
        if let outage { throw .unavailable(outage) }
        return generation
    }

    /// A call of this generation was answered.
    mutating func succeeded(_ generation: Int) {
        if generation == self.generation { failuresInARow = 0 }
    }

    /// A call of this generation met trouble. True when that opened the circuit.
    mutating func failed(_ generation: Int, _ reason: String) -> Bool {
        guard generation == self.generation, outage == nil else { return false }
        failuresInARow += 1
        guard failuresInARow >= Self.failureLimit else { return false }
        open(reason)
        return true
    }

    /// The watch looked in vain, and this is why by now. True when the reason is a new one.
    mutating func remainsOpen(_ reason: String) -> Bool {
        defer { outage = reason }
        return outage != reason
    }

    /// The watch has seen the database work.
    mutating func restore() {
        outage = nil
        failuresInARow = 0
    }

    /// A call of this generation found out that its session is with the wrong server: the others of its time
    /// may be too.
    mutating func distrustSessions(of generation: Int) {
        if generation == self.generation { self.generation += 1 }
    }

    private mutating func open(_ reason: String) {
        outage = reason
        generation += 1
    }
}
