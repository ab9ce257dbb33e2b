import BlockingWork
import Glibc
import Synchronization
import Threads

/// A worker's state that tells when it comes and goes, and on which thread.
struct Witness: ~Copyable {
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
    func makePool(_ limits: WorkerLimits, unstick: Latch? = nil) throws -> WorkerPool<Witness> {
        try WorkerPool(limits: limits) { interrupter in
            interrupter.register {
                self.interrupted.add(1, ordering: .relaxed)
                unstick?.raise()
            }
            return Witness(self)
        }
    }
}

func limits(
    workers: Int = 1, queue: Int = 100, idle: Duration? = nil, replaces: Bool = true
) -> WorkerLimits {
    WorkerLimits(
        maximumWorkers: workers, maximumQueue: queue, idleLimit: idle, replacesLateWorkers: replaces)
}
