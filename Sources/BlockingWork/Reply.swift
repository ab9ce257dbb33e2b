import Synchronization

/// Why a piece of work gave its caller no value.
package enum WorkError: Error, Hashable, Sendable {
    /// The deadline passed. The work may have run, may be running, or will never begin.
    case deadlineExceeded
    /// Every worker is busy and the queue is full; the work will never run.
    case queueFull
    /// The calling task was cancelled. As with the deadline, nothing is known of the work.
    case cancelled
    /// The pool is closed. As with the deadline, nothing is known of the work.
    case closed
    /// The system gave no thread or descriptor, with its error number; the work will never run.
    case systemLimit(Int32)
}

/// The end of a call that the pool sees: whether somebody still waits, and how to let them go.
protocol PendingReply: AnyObject, Sendable {
    /// False once the caller has been answered.
    var isAwaited: Bool { get }

    /// Answers with an error, unless the caller has been answered already.
    func fail(_ error: WorkError)
}

/// One caller's answer. Worker, timekeeper, cancellation and close race for it; the first wins and resumes the caller,
/// exactly once.
final class Reply<Value: Sendable>: PendingReply {
    private enum Phase {
        case new
        /// Answered before the caller began to wait.
        case failedEarly(WorkError)
        case awaited(CheckedContinuation<Result<Value, WorkError>, Never>)
        case answered
    }

    private let phase = Mutex(Phase.new)

    var isAwaited: Bool {
        phase.withLock { phase in
            if case .awaited = phase { true } else { false }
        }
    }

    /// Takes the caller's continuation. False, and the caller is resumed, when an error was there before.
    func await(_ continuation: CheckedContinuation<Result<Value, WorkError>, Never>) -> Bool {
        let early: WorkError? = phase.withLock { phase in
            if case .failedEarly(let error) = phase {
                phase = .answered
                return error
            }
            phase = .awaited(continuation)
            return nil
        }
        guard let early else { return true }
        continuation.resume(returning: .failure(early))
        return false
    }

    func succeed(_ value: Value) {
        answer(.success(value))
    }

    func fail(_ error: WorkError) {
        answer(.failure(error))
    }

    private func answer(_ result: Result<Value, WorkError>) {
        let continuation: CheckedContinuation<Result<Value, WorkError>, Never>? = phase.withLock { phase in
            switch phase {
            case .awaited(let continuation):
                phase = .answered
                return continuation
            case .new:
                if case .failure(let error) = result { phase = .failedEarly(error) }
                return nil
            case .failedEarly, .answered:
                return nil
            }
        }
        continuation?.resume(returning: result)
    }
}
