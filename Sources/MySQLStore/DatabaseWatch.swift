import BlockingWork
import Broadcasts
import Logging
import Randomness
import Synchronization
import Threads
import Time

/// Knows whether the database works. While it does not, calls fail at once, and the watch probes the database
/// until it is back.
///
/// Each round begins with a patient probe, on a thread of its own, which has the time that a login at a
/// distant or busy database may take. While it gets no answer, quick probes go on beside it: a connection
/// that was opened during an outage may never be answered, and the end of the outage has to be noticed within
/// two seconds.
final class DatabaseWatch: Sendable {
    /// How a probe ended: a line about the server, or why not.
    typealias Probe = Result<String, MySQLError>

    private let circuit = Mutex(Circuit(outage: "not connected yet"))
    private let explain: @Sendable (MySQLError) -> String
    private let clock: Clock
    private let random: RandomSource
    private let logger: Logger
    private let quickInterrupter = Interrupter()
    private let wake: WakeEvent
    /// Signalled when the first probe ends, and when a thread does.
    private let progress: WakeEvent
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var runningThreads = 0
        /// What ends the patient probe under way. Each has its own: its session goes to the pool.
        var patientProbe: Interrupter?
        /// A call got no answer, and nothing else was heard from the database since it began.
        var isSuspicious = false
        var firstProbe: Probe?
        /// The log has said that the database is down.
        var hasReportedOutage = false
    }

    /// How long the quick probes wait for the patient one: long enough for a near database.
    private static let headStart = Duration.milliseconds(250)

    init(
        clock: Clock, random: RandomSource, logger: Logger,
        explain: @escaping @Sendable (MySQLError) -> String
    ) throws(StoreError) {
        self.explain = explain
        self.clock = clock
        self.random = random
        self.logger = logger
        do {
            wake = try WakeEvent()
            progress = try WakeEvent()
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Starts the thread, which probes at once. `probe` blocks it. `worked` is called after each probe that
    /// succeeded, with whether the database had been down.
    func start(
        probe: @escaping @Sendable (MySQLLimits, Interrupter) -> Probe,
        worked: @escaping @Sendable (_ wasDown: Bool) -> Void
    ) throws(StoreError) {
        do {
            try startThread { watch in watch.watch(probe, worked) }
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Waits for the first probe to end. Nil when that takes longer.
    func firstProbe(waitingUntil deadline: Instant) -> Probe? {
        while true {
            if let probe = state.withLock({ $0.firstProbe }) { return probe }
            guard clock.now < deadline else { return nil }
            progress.wait(for: clock.time(until: deadline))
        }
    }

    /// The first probe got no answer in the time that the start waits for it.
    func startIsLate(_ reason: String) {
        if circuit.withLock({ $0.outage != nil && $0.remainsOpen(reason) }) {
            reportOutage("The database is down: \(reason)")
        }
    }

    /// Ends the threads; returns when they have ended, after a second at the latest.
    func close() {
        let patientProbe = state.withLock { state in
            state.isClosed = true
            return state.patientProbe
        }
        wake.signal()
        quickInterrupter.interrupt()
        patientProbe?.interrupt()
        let deadline = clock.now + .seconds(1)
        while state.withLock({ $0.runningThreads }) > 0, clock.now < deadline {
            progress.wait(for: clock.time(until: deadline))
        }
    }

    private func startThread(_ run: @escaping @Sendable (DatabaseWatch) -> Void) throws(ThreadError) {
        state.withLock { $0.runningThreads += 1 }
        do {
            try Thread(name: "store-watch") { [self] in
                run(self)
                MySQLConnection.endThread()
                leave()
            }.detach()
        } catch {
            leave()
            throw error
        }
    }

    private func leave() {
        state.withLock { $0.runningThreads -= 1 }
        progress.signal()
    }
}

/// What calls report, and what they learn.
extension DatabaseWatch {
    /// See `Circuit.admit`.
    func admit() throws(StoreError) -> Int {
        try circuit.withLock { circuit throws(StoreError) in try circuit.admit() }
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

    /// A call that began at this instant got no answer within its deadline. A PUT is evidence of an outage;
    /// any other call is only a reason to probe the database.
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

    /// See `Circuit.distrustSessions`.
    func distrustSessions(of generation: Int) {
        circuit.withLock { $0.distrustSessions(of: generation) }
    }

    private func beginOutage(_ reason: String) {
        reportOutage("The database is down, calls fail at once: \(reason)")
        wake.signal()
    }

    private func reportOutage(_ line: String) {
        state.withLock { $0.hasReportedOutage = true }
        logger.error("\(line)")
    }
}

/// The thread's work.
extension DatabaseWatch {
    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private var hasReasonToProbe: Bool {
        circuit.withLock { $0.outage != nil } || state.withLock { $0.isSuspicious }
    }

    private func watch(
        _ probe: @escaping @Sendable (MySQLLimits, Interrupter) -> Probe,
        _ worked: @escaping @Sendable (_ wasDown: Bool) -> Void
    ) {
        var backoff = Backoff.betweenProbes
        while !isClosed {
            guard hasReasonToProbe else {
                backoff = Backoff.betweenProbes
                wake.wait(for: nil)
                continue
            }
            if startPatientProbe(probe, worked) { awaitPatientProbe(until: clock.now + Self.headStart) }
            if isPatientProbeUnderWay, hasReasonToProbe, !isClosed,
                case .success(let summary) = probe(.probing, quickInterrupter)
            {
                succeeded(summary, worked)
            }
            if hasReasonToProbe, !isClosed { wake.wait(for: backoff.draw(random)) }
        }
    }

    private var isPatientProbeUnderWay: Bool { state.withLock { $0.patientProbe != nil } }

    private func awaitPatientProbe(until deadline: Instant) {
        while isPatientProbeUnderWay, !isClosed, clock.now < deadline {
            wake.wait(for: clock.time(until: deadline))
        }
    }

    /// False when one is under way already, or there is no thread for it.
    private func startPatientProbe(
        _ probe: @escaping @Sendable (MySQLLimits, Interrupter) -> Probe,
        _ worked: @escaping @Sendable (_ wasDown: Bool) -> Void
    ) -> Bool {
        let began = clock.now
        let interrupter = Interrupter()
        let begins = state.withLock { state in
            guard state.patientProbe == nil, !state.isClosed else { return false }
            state.patientProbe = interrupter
            state.isSuspicious = false
            return true
        }
        guard begins else { return false }
        do {
            try startThread { watch in
                switch probe(.opening, interrupter) {
                case .success(let summary): watch.succeeded(summary, worked)
                case .failure(let error): watch.failed(error, since: began)
                }
                watch.endPatientProbe()
            }
        } catch {
            endPatientProbe()
        }
        return true
    }

    private func endPatientProbe() {
        state.withLock { $0.patientProbe = nil }
        wake.signal()
    }

    private func succeeded(_ summary: String, _ worked: (_ wasDown: Bool) -> Void) {
        let now = clock.now
        let wasDown = circuit.withLock { $0.restore(at: now) }
        worked(wasDown)
        note(.success(summary))
        guard wasDown else { return }
        let wasReported = state.withLock { $0.hasReportedOutage }
        logger.notice(
            "\(wasReported ? "Database connection restored" : "Connected to the database"): \(summary)")
    }

    private func failed(_ error: MySQLError, since began: Instant) {
        let reason = explain(error)
        let isNews = circuit.withLock {
            $0.probeFailed(since: began, reason, provesSilence: error.isBrokenConversation)
        }
        if isNews { reportOutage("The database is down: \(reason)") }
        note(.failure(error))
    }

    /// Keeps the first probe's end for whoever waits for it.
    private func note(_ result: Probe) {
        let isFirst = state.withLock { state in
            defer { state.firstProbe = state.firstProbe ?? result }
            return state.firstProbe == nil
        }
        if isFirst { progress.signal() }
    }
}
