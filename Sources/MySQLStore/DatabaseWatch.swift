import BlockingWork
import Broadcasts
import Logging
import Randomness
import Synchronization
import Threads
import Time

/// Knows whether the database works. While it does not, one thread looks for it, and callers fail at once.
final class DatabaseWatch: Sendable {
    /// How a probe at the database ended.
    typealias Probe = Result<String, MySQLError>

    private let circuit = Mutex(Circuit(outage: "not connected yet"))
    private let probe: @Sendable (Interrupter) -> Probe
    private let explain: @Sendable (MySQLError) -> String
    private let clock: Clock
    private let random: RandomSource
    private let logger: Logger
    private let interrupter = Interrupter()
    private let wake: WakeEvent
    private let firstProbeDone: WakeEvent
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var hasEnded = false
        var firstProbe: Probe?
    }

    /// Starts the thread, which looks at once. `probe` blocks it, for a little more than a second at most
    /// unless it has tables to change.
    init(
        clock: Clock, random: RandomSource, logger: Logger,
        explain: @escaping @Sendable (MySQLError) -> String,
        probe: @escaping @Sendable (Interrupter) -> Probe
    ) throws(StoreError) {
        self.probe = probe
        self.explain = explain
        self.clock = clock
        self.random = random
        self.logger = logger
        do {
            wake = try WakeEvent()
            firstProbeDone = try WakeEvent()
            try Thread(name: "store-watch") { self.run() }.detach()
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Waits for the first probe to end. Nil when it takes longer than that.
    func firstProbe(waitingUntil deadline: Instant) -> Probe? {
        while true {
            if let probe = state.withLock({ $0.firstProbe }) { return probe }
            guard clock.now < deadline else { return nil }
            firstProbeDone.wait(for: clock.time(until: deadline))
        }
    }

    /// See `Circuit.admit`.
    func admit() throws(StoreError) -> Int {
        try circuit.withLock { circuit throws(StoreError) in try circuit.admit() }
    }

    func succeeded(_ generation: Int) {
        circuit.withLock { $0.succeeded(generation) }
    }

    func failed(_ generation: Int, _ reason: String) {
        guard circuit.withLock({ $0.failed(generation, reason) }) else { return }
        logger.error("The database is down, calls fail at once: \(reason)")
        wake.signal()
    }

    /// See `Circuit.distrustSessions`.
    func distrustSessions(of generation: Int) {
        circuit.withLock { $0.distrustSessions(of: generation) }
    }

    /// Ends the thread; returns when it has ended, after a second at the latest.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
        interrupter.interrupt()
        let deadline = clock.now + .seconds(1)
        while !state.withLock({ $0.hasEnded }), clock.now < deadline {
            firstProbeDone.wait(for: clock.time(until: deadline))
        }
    }

    private func run() {
        let thread = ClientThread()
        watch()
        _ = consume thread
        state.withLock { $0.hasEnded = true }
        firstProbeDone.signal()
    }

    private func watch() {
        var backoff = Backoff.betweenProbes
        while !state.withLock({ $0.isClosed }) {
            guard circuit.withLock({ $0.outage }) != nil else {
                backoff = Backoff.betweenProbes
                wake.wait(for: nil)
                continue
            }
            let result = probe(interrupter)
            note(result)
            if case .failure = result { wake.wait(for: backoff.draw(random)) }
        }
    }

    private func note(_ result: Probe) {
        switch result {
        case .success(let summary):
            circuit.withLock { $0.restore() }
            let isFirst = state.withLock { $0.firstProbe == nil }
            logger.notice(
                "\(isFirst ? "Connected to the database" : "Database connection restored"): \(summary)")
        case .failure(let error):
            let reason = explain(error)
            let isNewReason = circuit.withLock { $0.remainsOpen(reason) }
            if isNewReason { logger.error("The database is down: \(reason)") }
        }
        let isFirst = state.withLock { state in
            defer { state.firstProbe = state.firstProbe ?? result }
            return state.firstProbe == nil
        }
        if isFirst { firstProbeDone.signal() }
    }
}
