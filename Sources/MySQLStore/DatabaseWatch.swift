import BlockingWork
import Broadcasts
import Logging
import Synchronization
import Threads
import Time

/// Knows whether the database works. While it does not, one thread looks for it, and callers fail at once.
final class DatabaseWatch: Sendable {
    /// How a look at the database ended.
    typealias Look = Result<String, MySQLError>

    private let circuit = Mutex(Circuit(outage: "not connected yet"))
    private let look: @Sendable (Interrupter) -> Look
    private let explain: @Sendable (MySQLError) -> String
    private let logger: Logger
    private let interrupter = Interrupter()
    private let wake: Latch
    private let news: Latch
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var hasEnded = false
        var firstLook: Look?
    }

    /// Starts the thread, which looks at once. `look` blocks it, for a little more than a second at most
    /// unless it has tables to change.
    init(
        logger: Logger, explain: @escaping @Sendable (MySQLError) -> String,
        look: @escaping @Sendable (Interrupter) -> Look
    ) throws(StoreError) {
        self.look = look
        self.explain = explain
        self.logger = logger
        do {
            wake = try Latch()
            news = try Latch()
            try Thread(name: "store-watch") { self.run() }.detach()
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Waits for the first look to end. Nil when it takes longer than that.
    func firstLook(waitingUntil deadline: Instant) -> Look? {
        while true {
            if let look = state.withLock({ $0.firstLook }) { return look }
            guard Instant.now < deadline else { return nil }
            news.wait(until: deadline)
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
        wake.raise()
    }

    /// See `Circuit.distrustSessions`.
    func distrustSessions(of generation: Int) {
        circuit.withLock { $0.distrustSessions(of: generation) }
    }

    /// Ends the thread; returns when it has ended, after a second at the latest.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.raise()
        interrupter.interrupt()
        let deadline = Instant.now + .seconds(1)
        while !state.withLock({ $0.hasEnded }), Instant.now < deadline { news.wait(until: deadline) }
    }

    private func run() {
        let thread = ClientThread()
        watch()
        _ = consume thread
        state.withLock { $0.hasEnded = true }
        news.raise()
    }

    private func watch() {
        var pauses = Pauses.betweenLooks
        while !state.withLock({ $0.isClosed }) {
            guard circuit.withLock({ $0.outage }) != nil else {
                pauses = Pauses.betweenLooks
                wake.wait(until: nil)
                continue
            }
            let result = look(interrupter)
            note(result)
            if case .failure = result { wake.wait(until: .now + pauses.draw()) }
        }
    }

    private func note(_ result: Look) {
        switch result {
        case .success(let summary):
            circuit.withLock { $0.restore() }
            logger.notice("The database is there: \(summary)")
        case .failure(let error):
            let reason = explain(error)
            let isNews = circuit.withLock { $0.remainsOpen(reason) }
            if isNews { logger.error("The database is down: \(reason)") }
        }
        let isFirst = state.withLock { state in
            defer { state.firstLook = state.firstLook ?? result }
            return state.firstLook == nil
        }
        if isFirst { news.raise() }
    }
}
