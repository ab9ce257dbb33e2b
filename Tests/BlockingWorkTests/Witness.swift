import BlockingWork
import Glibc
import Synchronization
import TestSupport
import Threads

/// A worker's state that tells when it comes and goes, and on which thread.
struct Witness: PoolState, ~Copyable {
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

/// What happened to a pool's workers.
final class Events: Sendable {
    let made = Atomic(0)
    let ended = Atomic(0)
    let strayed = Atomic(0)
    let interrupted = Atomic(0)

    /// A pool of witnesses that report here.
    func makePool(_ limits: PoolLimits, unstick: WakeEvent? = nil) throws -> BlockingPool<Witness> {
        try BlockingPool(limits: limits) { interrupter in
            interrupter.register {
                self.interrupted.add(1, ordering: .relaxed)
                unstick?.signal()
            }
            return Witness(self)
        }
    }
}

func limits(
    workers: Int = 1, queue: Int = 100, idle: Duration? = nil, replaces: Bool = true
) -> PoolLimits {
    PoolLimits(
        maximumThreads: workers, maximumQueue: queue, idleLimit: idle, replacesLateThreads: replaces)
}

/// A call that keeps a worker of a pool busy until it is let go.
struct BusyWorker {
    private let hold: WakeEvent
    private let call: Task<Void, any Error>

    /// Returns once the worker is at the call.
    init(of pool: BlockingPool<Witness>) async throws {
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

    func letGo() {
        hold.signal()
    }

    /// Throws what the call ended with.
    func end() async throws {
        try await call.value
    }
}
