internal import Synchronization

/// The part of an event loop that other threads may use: its queue of Swift jobs, and its wake-up.
///
/// It is the preferred executor of the handlers that the loop starts. They run on the loop's thread, and a
/// suspended handler resumes there.
package final class LoopExecutor: TaskExecutor, Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        /// The loop is waiting in the kernel, or about to, and must be woken.
        var isAsleep = false
        /// `wake` was called since the loop last began to look at what its owner shares. The loop must look
        /// again before it waits.
        var isWoken = false
    }

    private let inbox = Mutex(Inbox())
    private let system: SystemCalls
    /// An eventfd in the loop's poller; writing to it ends the wait.
    let wakeUpCounter: FileDescriptor

    package init(system: SystemCalls) throws(SystemError) {
        self.system = system
        wakeUpCounter = try system.makeEventCounter()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustWake = inbox.withLock { inbox in
            inbox.jobs.append(job)
            return takeWakeUp(&inbox)
        }
        if mustWake { signalWakeUp() }
    }

    /// Makes the loop take another turn, in which it looks at what its owner shares with other threads.
    package func wake() {
        let mustWake = inbox.withLock { inbox in
            inbox.isWoken = true
            return takeWakeUp(&inbox)
        }
        if mustWake { signalWakeUp() }
    }

    /// Returns whether the caller must wake the loop. True for the first caller only, until the next wait.
    private func takeWakeUp(_ inbox: inout Inbox) -> Bool {
        defer { inbox.isAsleep = false }
        return inbox.isAsleep
    }

    private func signalWakeUp() {
        // A counter that is full has woken the loop already.
        try? system.increment(wakeUpCounter)
    }

    /// Called by the loop before it waits. Returns false when there are jobs or a wake-up: it must not wait.
    func prepareToWait() -> Bool {
        inbox.withLock { inbox in
            inbox.isAsleep = inbox.jobs.isEmpty && !inbox.isWoken
            return inbox.isAsleep
        }
    }

    /// Called by the loop after it waited.
    func didWait() {
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
