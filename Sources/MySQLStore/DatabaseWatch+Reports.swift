import Broadcasts
import Logging
import Synchronization
import Threads
import Time

/// Reports from calls.
extension DatabaseWatch {
    /// See `Circuit.admit`.
    func admit() throws(StoreError) -> Int {
        try circuit.withLock { circuit throws(StoreError) in try circuit.admit() }
    }

    /// Whether calls fail at once.
    var isDown: Bool { circuit.withLock { $0.outage != nil } }

    /// Logs that the server refuses another session, unless that was logged within the last minute.
    func sessionsAreLimited(_ reason: String, sessions: Int, poolSize: Int) {
        let now = clock.now
        let isLogged = state.withLock { state in
            defer { state.limitLogged = now }
            return state.limitLogged.map { $0.duration(to: now) < .seconds(60) } ?? false
        }
        guard !isLogged else { return }
        logger.warning(
            """
            No further session with the database, calls wait for one of \(sessions) \
            (database_pool_max_size: \(poolSize)): \(reason)
            """)
    }

    /// See `Circuit.generation`.
    var generation: Int { circuit.withLock { $0.generation } }

    /// See `Circuit.succeeded`.
    func succeeded(_ generation: Int) {
        let now = clock.now
        circuit.withLock { $0.succeeded(generation, at: now) }
    }

    /// See `Circuit.heard`.
    func heard() {
        let now = clock.now
        circuit.withLock { $0.heard(at: now) }
    }

    /// See `Circuit.failed`.
    func failed(_ generation: Int, _ reason: String) {
        if circuit.withLock({ $0.failed(generation, reason) }) { beginOutage(reason) }
    }

    /// Records that a call that began at this instant got no answer by its deadline. A PUT may open the
    /// circuit. Otherwise, a probe starts if the database has been silent since that instant.
    func missed(_ operation: StoreOperation, _ generation: Int, since began: Instant, _ reason: String) {
        let now = clock.now
        let (isSilent, hasOpened) = circuit.withLock { circuit in
            let isSilent = circuit.isSilent(since: began)
            return (isSilent, circuit.missed(operation, generation, since: began, at: now, reason))
        }
        if hasOpened { return beginOutage(reason) }
        guard isSilent else { return }
        state.withLock { $0.isSuspicious = true }
        wake.signal()
    }

    /// See `Circuit.refusedWrites`. Logs the first refusal.
    func refusedWrites(_ operation: StoreOperation, _ generation: Int, _ reason: String) -> Bool {
        let now = clock.now
        let (leaves, isNews) = circuit.withLock { $0.refusedWrites(operation, generation, at: now) }
        if isNews {
            logger.warning(
                "\(reason). The board may be behind and has an Age; new sessions may find another server")
        }
        return leaves
    }

    /// See `Circuit.tookWrites`. Logs the end of the refusals.
    func tookWrites(_ operation: StoreOperation, _ generation: Int) {
        if circuit.withLock({ $0.tookWrites(operation, generation) }) {
            logger.notice("The database takes writes again")
        }
    }

    private func beginOutage(_ reason: String) {
        reportOutage("The database is down, calls fail at once: \(reason)")
        wake.signal()
    }

    func reportOutage(_ line: String) {
        state.withLock { $0.hasReportedOutage = true }
        logger.error("\(line)")
    }
}
