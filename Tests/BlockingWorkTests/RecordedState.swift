import BlockingWork
import Glibc
import Synchronization
import TestSupport
import Threads

/// A state that records where and when it is made and ended.
struct RecordedState: PoolState, ~Copyable {
    let events: Events
    let thread = pthread_self()
    var uses = 0

    init(_ events: Events) {
        self.events = events
        events.made.add(1, ordering: .relaxed)
    }

    deinit {
        if pthread_equal(thread, pthread_self()) == 0 { events.strayed.add(1, ordering: .relaxed) }
        events.ended.add(1, ordering: .relaxed)
    }
}

/// Counts what happens to the states of a pool.
final class Events: Sendable {
    let made = Atomic(0)
    let ended = Atomic(0)
    let strayed = Atomic(0)
    let interrupted = Atomic(0)

    /// Makes a pool whose states report here.
    func makePool(_ limits: PoolLimits, unstick: WakeEvent? = nil) throws -> BlockingPool<RecordedState> {
        try BlockingPool(limits: limits) { interrupter in
            interrupter.register {
                self.interrupted.add(1, ordering: .relaxed)
                unstick?.signal()
            }
            return RecordedState(self)
        }
    }
}

func limits(
    threads: Int = 1, queue: Int = 100, idle: Duration? = nil, replaces: Bool = true
) -> PoolLimits {
    PoolLimits(
        maximumThreads: threads, maximumQueue: queue, idleLimit: idle, replacesLateThreads: replaces)
}

/// A call that keeps a pool thread busy until it is released.
struct BusyThread {
    private let hold: WakeEvent
    private let call: Task<Void, any Error>

    /// Returns once the call runs.
    init(of pool: BlockingPool<RecordedState>) async throws {
        let hold = try WakeEvent()
        let began = Event()
        self.hold = hold
        call = Task {
            try await pool.run(until: soon(.seconds(10))) { _ in
                began.happen()
                hold.wait(until: nil)
            }
        }
        await began.wait()
    }

    func release() {
        hold.signal()
    }

    /// Throws the error of the call.
    func end() async throws {
        try await call.value
    }
}
