package import Time

/// Handles the events of a loop. It is used on the loop's thread only.
package protocol EventHandler: ~Copyable {
    /// Called after each wait, before the events.
    mutating func turnBegins()

    /// Called for each ready descriptor, with the source it was registered with. That may be closed already.
    mutating func ready(_ source: EventSource, _ readiness: Readiness, at now: Instant)

    /// Called for each timer entry that is due.
    mutating func timerFired(_ source: EventSource, at now: Instant)

    /// Called after the events, jobs and timers of a turn. False ends the loop.
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
    /// An instant at which the loop takes a turn, exact to a few milliseconds where the wheel is not. The
    /// handler sets it at the end of a turn.
    package var alarm: Instant?
    /// Empty between turns, and reused so that a turn allocates nothing.
    private var events: [PollerEvent] = []
    private var due: [EventSource] = []
    private var jobs: [UnownedJob] = []

    /// The creator passes the loop to the thread that runs it, and keeps no reference.
    package init(executor: LoopExecutor, system: SystemCalls, clock: Clock) throws(SystemError) {
        self.executor = executor
        self.system = system
        self.clock = clock
        timers = TimerWheel(startingAt: clock.now)
        poller = try EpollPoller(system: system)
        // By edges: each wake-up is reported once, and nothing has to be read.
        try poller.add(
            executor.wakeUpCounter, source: Self.wakeUpSource, interest: Interest(reading: true, byEdge: true)
        )
    }

    /// Runs until the handler ends the loop. Throws only when the kernel fails the poller.
    package func run(_ handler: inout some EventHandler & ~Copyable) throws(SystemError) {
        while try turn(&handler, maximumWait: nil) {}
    }

    /// Takes one turn: waits for events, at most until the next timer or for `maximumWait`, and handles
    /// what there is. A simulation calls it with a wait of zero.
    ///
    /// - Returns: False when the handler has ended the loop.
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

/// The shorter of two waits, of which nil has no end.
private func earlier(_ first: Duration?, _ second: Duration?) -> Duration? {
    guard let first, let second else { return first ?? second }
    return min(first, second)
}
