package import Time

/// What a loop does with its events. It lives on the loop's thread and is never seen by another.
package protocol EventHandler: ~Copyable {
    /// The wait is over, and events follow.
    mutating func turnBegins()

    /// A descriptor is ready. The source is the one it was added with; it may belong to something already
    /// closed.
    mutating func ready(_ source: EventSource, _ readiness: Readiness, at now: Instant)

    /// A hint of the timer wheel has come.
    mutating func timerFired(_ source: EventSource, at now: Instant)

    /// Events and jobs of this turn are done. False ends the loop.
    mutating func turnEnded(at now: Instant) -> Bool
}

/// The loop itself: waits, hands out events, runs jobs, hands out timers. One thread owns it.
package final class EventLoop {
    private static let wakeUpSource = EventSource(rawValue: .max)

    package let executor: LoopExecutor
    package let system: SystemCalls
    package private(set) var poller: EpollPoller
    package var timers: TimerWheel

    /// Whoever makes it hands it to the thread that runs it, and keeps no reference.
    package init(executor: LoopExecutor, system: SystemCalls) throws(SystemError) {
        self.executor = executor
        self.system = system
        timers = TimerWheel(startingAt: .now)
        poller = try EpollPoller(system: system)
        // By edges: each ringing is reported once, and nothing has to be read.
        try poller.add(
            executor.wakeUpCounter, source: Self.wakeUpSource, interest: Interest(reading: true, byEdge: true)
        )
    }

    /// Runs until the handler says that it is done. Throws only when the kernel takes the poller away.
    package func run(_ handler: inout some EventHandler & ~Copyable) throws(SystemError) {
        var events: [PollerEvent] = []
        var due: [EventSource] = []
        var jobs: [UnownedJob] = []
        var now = Instant.now
        while true {
            let timeout = executor.prepareToWait() ? timers.delay(from: now) : .zero
            try poller.wait(into: &events, timeout: timeout)
            executor.didWait()
            now = .now
            handler.turnBegins()
            for event in events where event.source != Self.wakeUpSource {
                handler.ready(event.source, event.readiness, at: now)
            }
            executor.runJobs(&jobs)
            timers.advance(to: now, into: &due)
            for source in due { handler.timerFired(source, at: now) }
            guard handler.turnEnded(at: now) else { return }
        }
    }
}
