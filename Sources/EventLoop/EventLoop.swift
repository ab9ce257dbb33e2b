internal import Synchronization

/// The part of an event loop that other threads may touch: its queue of Swift jobs, and the bell that wakes
/// it.
///
/// It is the preferred executor of the handlers that the loop starts, so they run on the loop's thread, and a
/// handler that was suspended comes back to it.
package final class EventLoop: TaskExecutor, Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        /// The loop is waiting in the kernel, or about to, and must be woken.
        var isAsleep = false
        /// Somebody called `wake` since the loop last began to look at what its owner shares: it must look
        /// again before it waits.
        var isWoken = false
    }

    private let inbox = Mutex(Inbox())
    private let system: SystemCalls
    let bell: FileDescriptor

    package init(system: SystemCalls) throws(SystemError) {
        self.system = system
        bell = try system.makeEventCounter()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let ring = inbox.withLock { inbox in
            inbox.jobs.append(job)
            return wakes(&inbox)
        }
        if ring { ringBell() }
    }

    /// Lets the loop take another turn, so that it looks at what its owner shares with other threads.
    package func wake() {
        let ring = inbox.withLock { inbox in
            inbox.isWoken = true
            return wakes(&inbox)
        }
        if ring { ringBell() }
    }

    /// Whether the loop must be woken by whoever calls this. Only the first one does, until the next sleep.
    private func wakes(_ inbox: inout Inbox) -> Bool {
        defer { inbox.isAsleep = false }
        return inbox.isAsleep
    }

    private func ringBell() {
        // A counter that is full has woken the loop already.
        try? system.increment(bell)
    }

    /// Called by the loop before it waits. False when there are jobs or it has been woken, so that it must
    /// not.
    func fallAsleep() -> Bool {
        inbox.withLock { inbox in
            inbox.isAsleep = inbox.jobs.isEmpty && !inbox.isWoken
            return inbox.isAsleep
        }
    }

    /// Called by the loop after it waited.
    func awake() {
        inbox.withLock { $0.isAsleep = false }
    }

    /// Runs the jobs that are there, and those they add, up to a bound that leaves sockets their turn. After
    /// it the owner looks at what it shares, so that a `wake` before is dealt with, and one after is not
    /// lost.
    ///
    /// `jobs` is an empty array whose room is used again and again.
    func runJobs(_ jobs: inout [UnownedJob]) {
        for _ in 0..<16 {
            jobs.removeAll(keepingCapacity: true)
            inbox.withLock { inbox in
                swap(&jobs, &inbox.jobs)
                inbox.isWoken = inbox.isWoken && !jobs.isEmpty
            }
            if jobs.isEmpty { return }
            for job in jobs {
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
    }
}
