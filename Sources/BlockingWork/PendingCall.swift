import Synchronization

/// The end of a call that the pool sees: whether somebody still waits, and how to let them go.
protocol AnyPendingCall: AnyObject, Sendable {
    /// False once the caller has been answered.
    var isAwaited: Bool { get }

    /// Answers with an error, unless the caller has been answered already.
    func fail(_ error: PoolError)
}

/// One caller's answer. PoolThread, timekeeper and close race for it; the first wins and resumes the caller,
/// exactly once.
final class PendingCall<Value: Sendable>: AnyPendingCall {
    typealias Continuation = CheckedContinuation<Result<Value, PoolError>, Never>

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

    func fail(_ error: PoolError) {
        caller.withLock { $0.take() }?.resume(returning: .failure(error))
    }
}
