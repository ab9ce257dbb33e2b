import BlockingWork
import Broadcasts
import Logging
import Randomness
import Synchronization
import Threads
import Time

/// Watches whether the database works. While it does not, calls fail at once, and the watch probes the
/// database until a probe succeeds.
///
/// Each round starts with a patient probe on a thread of its own, with timeouts that suit a distant or busy
/// database. While it is unanswered, quick probes run in parallel: a connection opened during an outage may
/// never be answered, and the end of the outage must be noticed within two seconds.
final class DatabaseWatch: Sendable {
    /// The result of a probe: a summary of the server, or an error.
    typealias Probe = Result<String, MySQLError>

    let circuit = Mutex(Circuit(outage: "not connected yet"))
    private let explain: @Sendable (MySQLError) -> String
    let clock: Clock
    private let random: RandomSource
    let logger: Logger
    private let quickInterrupter = Interrupter()
    let wake: WakeEvent
    /// Signalled after the first result of a probe, and when a thread ends.
    private let progress: WakeEvent
    let state = Mutex(State())

    struct State {
        var isClosed = false
        var runningThreads = 0
        /// Interrupts the running patient probe. Each probe has its own interrupter, because its session may
        /// go to the pool.
        var patientProbe: Interrupter?
        /// A call timed out, and the database has not answered anything since it began.
        var isSuspicious = false
        var firstProbe: Probe?
        /// When the last refusal of a session was reported.
        var limitLogged: Instant?
        /// Whether an outage has been logged.
        var hasReportedOutage = false
    }

    /// How long the first quick probe of a round waits for the patient one: enough for a nearby database.
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

    /// Starts the watch thread, which probes at once. `probe` may block. `worked` is called after each
    /// successful probe, with whether the circuit was open. Both run on the watch's threads.
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

    /// Waits for the first result of a probe. Returns nil at the deadline.
    func firstProbe(waitingUntil deadline: Instant) -> Probe? {
        while true {
            if let probe = state.withLock({ $0.firstProbe }) { return probe }
            guard clock.now < deadline else { return nil }
            progress.wait(for: clock.time(until: deadline))
        }
    }

    /// Logs an outage if the first probe has not been answered within the time that the start waits.
    func startIsLate(_ reason: String) {
        if circuit.withLock({ $0.outage != nil && $0.remainsOpen(reason) }) {
            reportOutage("The database is down: \(reason)")
        }
    }

    /// Interrupts the probes and ends the threads. Returns when they have ended, or after one second.
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

/// The loop of the watch thread, and the patient probe.
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

    /// Starts a patient probe. Returns false if one is running, the watch is closed, or there is no thread.
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
            return true
        } catch {
            // Without a wake-up: the next try is due after the backoff.
            state.withLock { $0.patientProbe = nil }
            return false
        }
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
        let what = error.refusesService ? "The database server refuses this service" : "The database is down"
        if isNews { reportOutage("\(what): \(reason)") }
        note(.failure(error))
    }

    /// Stores the first result for `firstProbe`.
    private func note(_ result: Probe) {
        let isFirst = state.withLock { state in
            defer { state.firstProbe = state.firstProbe ?? result }
            return state.firstProbe == nil
        }
        if isFirst { progress.signal() }
    }
}
