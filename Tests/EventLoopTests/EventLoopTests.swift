import EventLoop
import Synchronization
import TestSupport
import Testing
import Threads
import Time

/// Records the timers that fired, and ends the loop when the stop flag is set.
private final class RecordingHandler: EventHandler {
    let stop: StopFlag
    var timers: [UInt64] = []

    init(stop: StopFlag) {
        self.stop = stop
    }

    func turnBegins() {}
    func ready(_ source: EventSource, _ readiness: Readiness, at now: Instant) {}

    func timerFired(_ source: EventSource, at now: Instant) {
        timers.append(source.rawValue)
        if source.rawValue == 99 { stop.signal() }
    }

    func turnEnded(at now: Instant) -> Bool {
        !stop.isRaised
    }
}

private final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    var isRaised: Bool { flag.load(ordering: .acquiring) }
    func signal() { flag.store(true, ordering: .releasing) }
}

/// An event loop on its own thread.
private struct RunningLoop {
    let loop: LoopExecutor
    let stop = StopFlag()
    private let thread: Thread

    init() throws {
        let system = SystemCalls()
        loop = try LoopExecutor(system: system)
        let eventLoop = Handoff(try EventLoop(executor: loop, system: system, clock: .system))
        thread = try Thread(name: "test-loop") { [stop] in
            guard let eventLoop = eventLoop.take() else { return }
            var handler = RecordingHandler(stop: stop)
            try? eventLoop.run(&handler)
        }
    }

    /// Stops the loop and waits for its thread.
    func end() {
        stop.signal()
        loop.wake()
        thread.join()
    }
}

/// A continuation that another thread resumes.
private final class Parcel: Sendable {
    private let continuation = Mutex<CheckedContinuation<Int, Never>?>(nil)
    func put(_ continuation: CheckedContinuation<Int, Never>) {
        self.continuation.withLock { $0 = continuation }
    }
    func open(_ value: Int) -> Bool {
        guard let continuation = self.continuation.withLock({ $0.take() }) else { return false }
        continuation.resume(returning: value)
        return true
    }
}

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    @Test func timer_endsTheLoop_whenDue() throws {
        let system = SystemCalls()
        let eventLoop = try EventLoop(executor: LoopExecutor(system: system), system: system, clock: .system)
        var handler = RecordingHandler(stop: StopFlag())
        eventLoop.timers.add(1, at: .now)
        eventLoop.timers.add(99, at: .now + .milliseconds(150))
        try eventLoop.run(&handler)
        #expect(handler.timers == [1, 99])
    }

    @Test func suspendedTask_completes_whenAnotherThreadResumesIt() async throws {
        let running = try RunningLoop()
        let parcel = Parcel()
        let task = Task(executorPreference: running.loop) {
            let value = await withCheckedContinuation { parcel.put($0) }
            running.stop.signal()
            return value
        }
        try eventually { parcel.open(42) }
        #expect(await task.value == 42)
        running.end()
    }

    /// Each loop is stopped at a random moment of its first turns. After a lost wake-up, `end` would block
    /// forever.
    @Test(arguments: TestSeed.drawn()) func wake_isNeverLost_atAnyMomentOfATurn(seed: TestSeed) throws {
        var generator = seed.generator
        for _ in 0..<2000 {
            let running = try RunningLoop()
            for _ in 0..<Int.random(in: 0..<3000, using: &generator) where running.stop.isRaised {}
            running.end()
        }
    }

    @Test func tenThousandJobs_allRun_whenEnqueuedFromManyThreads() async throws {
        let running = try RunningLoop()
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 0..<10_000 {
                group.addTask(executorPreference: running.loop) {
                    await Task.yield()
                    return number
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sum == 10_000 * 9_999 / 2)
        running.end()
    }

    /// A job that another thread enqueues at the end of a turn must not wait for the next event.
    @Test func loop_takesAnotherTurn_whenWokenAtTheEndOfOne() throws {
        struct Handler: EventHandler {
            let loop: LoopExecutor
            var turns = 0

            func turnBegins() {}
            func ready(_: EventSource, _: Readiness, at _: Instant) {}
            func timerFired(_: EventSource, at _: Instant) {}

            mutating func turnEnded(at _: Instant) -> Bool {
                turns += 1
                loop.wake()
                return turns < 3
            }
        }
        let system = SystemCalls()
        let loop = try LoopExecutor(system: system)
        loop.wake()
        var handler = Handler(loop: loop)
        try EventLoop(executor: loop, system: system, clock: .system).run(&handler)
        #expect(handler.turns == 3)
    }

    @Test(arguments: [SystemCall.eventfd, .epollCreate, .epollControl])
    func init_throwsTheSystemError_whenASystemCallFails(call: SystemCall) throws {
        let faults = FaultTable()
        faults.arm(call, .fails(24), .always(from: 1))
        let system = SystemCalls(faults: faults)
        #expect(throws: SystemError(call, 24)) {
            _ = try EventLoop(executor: LoopExecutor(system: system), system: system, clock: .system)
        }
    }
}
