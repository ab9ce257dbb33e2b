import Broadcasts
import Synchronization
import TestSupport
import Time

/// A store whose reads and checks the test ends by hand, and whose writes succeed at once.
final class HandStore: BroadcastStore {
    /// One call of the store that has begun and waits for the test to end it.
    struct Call<Value: Sendable>: Sendable {
        let deadline: Instant
        fileprivate let continuation: CheckedContinuation<Result<Value, StoreError>, Never>

        func end(_ result: Result<Value, StoreError>) {
            continuation.resume(returning: result)
        }
    }

    /// The calls in the order in which they began.
    struct Calls<Value: Sendable>: Sendable {
        let stream: AsyncStream<Call<Value>>
        fileprivate let arrivals: AsyncStream<Call<Value>>.Continuation

        init() {
            (stream, arrivals) = AsyncStream.makeStream()
        }

        /// Waits until the next call has begun.
        func next() async -> Call<Value> {
            for await call in stream { return call }
            preconditionFailure("the stream of calls never ends")
        }

        fileprivate func begin(_ deadline: Instant) async throws(StoreError) -> Value {
            try await withCheckedContinuation { continuation in
                arrivals.yield(Call(deadline: deadline, continuation: continuation))
            }.get()
        }
    }

    let reads = Calls<[BoardRow]>()
    let checks = Calls<Void>()
    private let began = Mutex(0)

    /// How many reads have begun.
    var readsBegun: Int { began.withLock { $0 } }

    func read(
        deadline: Instant, make: @escaping @Sendable ([BoardRow]) -> Board,
        receive: @escaping @Sendable (Result<Board, StoreError>) -> Void
    ) {
        began.withLock { $0 += 1 }
        Task.immediate { [reads] in
            do throws(StoreError) {
                receive(.success(make(try await reads.begin(deadline))))
            } catch {
                receive(.failure(error))
            }
        }
    }

    func put(_: Change, deadline _: Instant) async throws(StoreError) -> ChangeOutcome {
        .changed
    }

    func check(deadline: Instant, receive: @escaping @Sendable (StoreError?) -> Void) {
        Task.immediate { [checks] in
            do throws(StoreError) {
                try await checks.begin(deadline)
                receive(nil)
            } catch {
                receive(error)
            }
        }
    }

    func close() {}
}

/// Rows of one broadcaster: channel `c` with the given version.
func rows(_ version: String) -> [BoardRow] {
    [BoardRow(broadcasterID: "b", channelID: "c", version: version)]
}

func broadcast(_ version: String) throws -> Change {
    struct Invalid: Error {}
    guard let broadcasterID = BroadcasterID("b"), let channelID = ChannelID("c") else { throw Invalid() }
    return try Change(
        broadcasterID: broadcasterID, channelID: channelID, version: Version(bytes: Array(version.utf8)),
        author: "test", requestID: "")
}
