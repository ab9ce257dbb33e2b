import Synchronization

/// A caller's pending result, with the type of the value erased.
protocol AnyPendingCall: AnyObject, Sendable {
    /// False once the caller has been answered.
    var isAwaited: Bool { get }

    /// Delivers the value that was stored, unless the caller has already been answered.
    func deliver()

    /// Delivers an error, unless the caller has already been answered.
    func fail(_ error: PoolError)
}

/// A caller's pending result. Pool thread, timekeeper and `close` race to answer it; the first one calls
/// `receive`, exactly once.
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

    /// Stores the value for `deliver`, so that the roster can list the thread as free before the delivery.
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
