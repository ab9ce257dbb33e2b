import API
import EventLoop
import HTTPServer
import Logging
import Time

/// The last phase of a service. During `drain_delay` it serves as before, but tells load balancers to leave;
/// then the server drains. Once a second, a line of the log says what is waited for.
struct ServiceDrain {
    let server: Server
    let api: API
    let signals: SignalReceiver
    let logger: Logger
    private let clock = Clock.system

    /// How often a line is logged.
    private static let interval = Duration.seconds(1)

    /// Returns when all loops have ended: after `delay` and within `grace`, or at once after another SIGTERM
    /// or SIGINT. `hasFailed` means that a loop has failed, which ends the delay.
    func run(delay: Duration, grace: Duration, hasFailed: () -> Bool) throws(SystemError) {
        api.beginShutdown()
        if try isInterrupted(during: delay, hasFailed) {
            closeAll()
        } else {
            logger.notice("Draining: finishing requests in flight")
            server.drain(within: grace)
        }
        try awaitEnd(at: clock.now + grace)
    }

    /// Serves for `drain_delay`. Returns whether a second signal has ended it.
    private func isInterrupted(during delay: Duration, _ hasFailed: () -> Bool) throws(SystemError) -> Bool {
        let end = clock.now + delay
        while !hasFailed(), case let now = clock.now, now < end {
            logger.notice(
                "Draining: accepting connections for another \(text(end - now)) (drain_delay); \(present)")
            if try isInterrupted(until: min(end, now + Self.interval), or: hasFailed) { return true }
        }
        return false
    }

    private func awaitEnd(at end: Instant) throws(SystemError) {
        var isUrgent = false
        while server.isRunning {
            if try isInterrupted(until: clock.now + Self.interval, or: { !server.isRunning }) {
                if !isUrgent { closeAll() }
                isUrgent = true
            } else if server.isRunning {
                logger.notice(
                    "Draining: waiting for at most \(text(end - clock.now)) (shutdown_grace); \(present)"
                )
            }
        }
    }

    private func closeAll() {
        logger.notice("Second signal: closing all connections")
        server.drain(within: .zero)
    }

    /// Returns true at a SIGTERM or SIGINT, and false at `end` or when `isDone`, which is asked after each
    /// notification. SIGHUP is ignored.
    private func isInterrupted(until end: Instant, or isDone: () -> Bool) throws(SystemError) -> Bool {
        while !isDone(), clock.now < end {
            switch try signals.next(until: end, by: clock) {
            case .signal(.terminate), .signal(.interrupt): return true
            case .signal(.hangUp), .notification, nil: continue
            }
        }
        return false
    }

    /// What is waited for.
    private var present: String {
        "open connections: \(server.openConnections), held requests: \(api.heldRequests)"
    }

    /// Returns a time in seconds, rounded up.
    private func text(_ duration: Duration) -> String {
        "\(max(0, Int((duration / .seconds(1)).rounded(.up)))) s"
    }
}
