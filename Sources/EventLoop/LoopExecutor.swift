internal import Synchronization

/// The part of an event loop that other threads may use: its queue of Swift jobs, and its wake-up.
///
/// It is the preferred executor of the handlers that the loop starts. They run on the loop's thread, and
/// resume there after a suspension.
package final class LoopExecutor: TaskExecutor, Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        /// The loop is waiting in the kernel, or about to, and must be woken.
        var isAsleep = false
        /// `wake` was called since the loop last checked. The loop must take another turn before it waits.
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

    /// Makes the loop take another turn, in which its owner checks the state that it shares with other
    /// threads.
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
        // Fails only if the counter is at its maximum, and then the loop is woken anyway.
        try? system.increment(wakeUpCounter)
    }

    /// Whether there are jobs or a wake-up that the loop has not handled. For a simulation, in which a loop
    /// does not block between two turns.
    package var hasWork: Bool {
        inbox.withLock { !$0.jobs.isEmpty || $0.isWoken }
    }

    /// Called by the loop before it waits. Returns false if it must not wait, because of jobs or a wake-up.
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

    /// Runs the queued jobs and those that they enqueue, in at most 16 rounds, so that sockets are served in
    /// between. The owner checks its shared state after this call, so a `wake` before it is handled, and one
    /// after it is kept for the next turn.
    ///
    /// `jobs` is an array that is reused, so that no round allocates.
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
