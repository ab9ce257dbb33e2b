import Synchronization

/// The end of a call that the pool sees, with the type of the value erased.
protocol AnyPendingCall: AnyObject, Sendable {
    /// False once the caller has been answered.
    var isAwaited: Bool { get }

    /// Answers with the value that the work has made, unless the caller has been answered already.
    func deliver()

    /// Answers with an error, unless the caller has been answered already.
    func fail(_ error: PoolError)
}

/// One caller's answer. Pool thread, timekeeper and `close` race for it; the first wins and calls `receive`,
/// exactly once.
final class PendingCall<Value: Sendable>: AnyPendingCall {
    typealias Receive = @Sendable (Result<Value, PoolError>) -> Void

    private struct State {
        /// Nil once the caller has been answered.
        var receive: Receive?
        var value: Value?
    }

    private let state: Mutex<State>

    init(_ receive: @escaping Receive) {
        state = Mutex(State(receive: receive))
    }

    var isAwaited: Bool {
        state.withLock { $0.receive != nil }
    }

    /// Keeps the value for `deliver`, so that the thread can become free in between.
    func hold(_ value: Value) {
        state.withLock { $0.value = value }
    }

    func deliver() {
        let (receive, value) = state.withLock { ($0.receive.take(), $0.value) }
        if let receive, let value { receive(.success(value)) }
    }

    func fail(_ error: PoolError) {
        state.withLock { $0.receive.take() }?(.failure(error))
    }
}
