internal import EventLoop
internal import HTTP
internal import Synchronization

/// The queue of handlers' responses for the connections of one loop. `deliver` may be called on any thread.
final class Completions: Sendable {
    /// A response and its connection.
    typealias Completion = (id: ConnectionID, response: Response)

    private let responses = Mutex<[Completion]>([])
    private let executor: LoopExecutor

    init(wakes executor: LoopExecutor) {
        self.executor = executor
    }

    func deliver(_ response: Response, to id: ConnectionID) {
        let isFirst = responses.withLock { responses in
            responses.append((id, response))
            return responses.count == 1
        }
        // Only the first response wakes the loop, which then takes all of them.
        if isFirst { executor.wake() }
    }

    /// Swaps the queued responses with an empty array, so that two arrays are reused.
    func takeAll(_ taken: inout [Completion]) {
        taken.removeAll(keepingCapacity: true)
        responses.withLock { responses in
            if !responses.isEmpty { swap(&taken, &responses) }
        }
    }
}

extension LoopExecutor: Mailbox {}
