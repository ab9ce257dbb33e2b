internal import Synchronization
internal import Threads

/// A task executor with one thread for one test, like an event loop that runs the handlers of its
/// connections.
///
/// Tests measure durations on it, because the threads of Swift's own pool are shared with tests that block.
package final class OwnThread: TaskExecutor {
    private let wakeEvent: WakeEvent
    private let state = Mutex(State())

    private struct State {
        var jobs: [UnownedJob] = []
        var isOver = false
    }

    /// Runs the body and its child tasks on a new thread.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let thread = try OwnThread()
        defer { thread.end() }
        return try await Task(executorPreference: thread, operation: body).value
    }

    private init() throws {
        wakeEvent = try WakeEvent()
        try Thread(name: "test-loop") { self.loop() }.detach()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wakeEvent.signal()
    }

    private func end() {
        state.withLock { $0.isOver = true }
        wakeEvent.signal()
    }

    private func loop() {
        while true {
            let (jobs, isOver) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isOver)
            }
            for job in jobs { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
            if jobs.isEmpty, isOver { return }
            if jobs.isEmpty { wakeEvent.wait(for: nil) }
        }
    }
}
