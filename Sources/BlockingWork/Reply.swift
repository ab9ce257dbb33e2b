import Synchronization

/// The end of a call that the pool sees: whether somebody still waits, and how to let them go.
protocol PendingReply: AnyObject, Sendable {
    /// False once the caller has been answered.
    var isAwaited: Bool { get }

    /// Answers with an error, unless the caller has been answered already.
    func fail(_ error: WorkError)
}

/// One caller's answer. Worker, timekeeper and close race for it; the first wins and resumes the caller,
/// exactly once.
final class Reply<Value: Sendable>: PendingReply {
    typealias Continuation = CheckedContinuation<Result<Value, WorkError>, Never>

    /// Nil once the caller has been answered.
    private let caller: Mutex<Continuation?>

    init(to caller: Continuation) {
        self.caller = Mutex(caller)
    }

    var isAwaited: Bool {
        caller.withLock { $0 != nil }
    }

    func succeed(_ value: Value) {
        caller.withLock { $0.take() }?.resume(returning: .success(value))
    }

    func fail(_ error: WorkError) {
        caller.withLock { $0.take() }?.resume(returning: .failure(error))
    }
}
