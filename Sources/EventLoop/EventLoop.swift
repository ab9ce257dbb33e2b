package import Time

/// Handles the events of a loop. All functions are called on the loop's thread.
package protocol EventHandler: ~Copyable {
    /// Called after each wait, before the events.
    mutating func turnBegins()

    /// Called for each ready descriptor, with the source it was registered with. An earlier event of the same
    /// turn may have closed the descriptor.
    mutating func ready(_ source: EventSource, _ readiness: Readiness, at now: Instant)

    /// Called for each timer entry that is due.
    mutating func timerFired(_ source: EventSource, at now: Instant)

    /// Called after the events, jobs and timers of a turn. Returns false to end the loop.
    mutating func turnEnded(at now: Instant) -> Bool
}

/// An event loop: waits in epoll, then handles events, Swift jobs and timers. One thread owns it.
package final class EventLoop {
    private static let wakeUpSource = EventSource(rawValue: .max)

    package let executor: LoopExecutor
    package let system: SystemCalls
    package let clock: Clock
    package private(set) var poller: EpollPoller
    package var timers: TimerWheel
    /// The loop takes a turn at this instant, accurate to a few milliseconds; the timer wheel is accurate to
    /// 100 ms. The handler sets it at the end of a turn.
    package var alarm: Instant?
    /// Reused, so that a turn allocates nothing.
    private var events: [PollerEvent] = []
    private var due: [EventSource] = []
    private var jobs: [UnownedJob] = []

    /// Creates a loop. The creator passes it to the thread that runs it, and keeps no reference.
    package init(executor: LoopExecutor, system: SystemCalls, clock: Clock) throws(SystemError) {
        self.executor = executor
        self.system = system
        self.clock = clock
        timers = TimerWheel(startingAt: clock.now)
        poller = try EpollPoller(system: system)
        // Edge-triggered: each wake-up is reported once, and the counter need not be read.
        try poller.add(
            executor.wakeUpCounter, source: Self.wakeUpSource, interest: Interest(reading: true, byEdge: true)
        )
    }

    /// Runs until the handler ends the loop. Throws if epoll_wait(2) fails.
    package func run(_ handler: inout some EventHandler & ~Copyable) throws(SystemError) {
        while try turn(&handler, maximumWait: nil) {}
    }

    /// Runs one turn: waits for events until the next timer, the alarm or `maximumWait`, then handles events,
    /// jobs and timers. A simulation passes a wait of zero.
    ///
    /// - Returns: False if the handler has ended the loop.
    package func turn(
        _ handler: inout some EventHandler & ~Copyable, maximumWait: Duration?
    ) throws(SystemError) -> Bool {
        try poller.wait(into: &events, timeout: executor.prepareToWait() ? timeout(maximumWait) : .zero)
        executor.didWait()
        let now = clock.now
        handler.turnBegins()
        for event in events where event.source != Self.wakeUpSource {
            handler.ready(event.source, event.readiness, at: now)
        }
        executor.runJobs(&jobs)
        timers.advance(to: now, into: &due)
        for source in due { handler.timerFired(source, at: now) }
        return handler.turnEnded(at: now)
    }

    private func timeout(_ maximumWait: Duration?) -> Duration? {
        let now = clock.now
        let untilAlarm = alarm.map { max(.zero, $0 - now) }
        return earlier(maximumWait, earlier(timers.delay(from: now), untilAlarm))
    }
}

/// Returns the shorter of two waits; nil has no end.
private func earlier(_ first: Duration?, _ second: Duration?) -> Duration? {
    guard let first, let second else { return first ?? second }
    return min(first, second)
}
