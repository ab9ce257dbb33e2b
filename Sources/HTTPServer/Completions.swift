internal import EventLoop
internal import HTTP
internal import Synchronization

/// Responses of handlers, on their way back to the connections that wait for them, from any thread.
final class Completions: Sendable {
    /// A response, and the connection that it is for.
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
        // The first one wakes the loop, which takes all that are there by then.
        if isFirst { executor.wake() }
    }

    /// Exchanges the responses that are there for an empty array, so that two arrays are used again and
    /// again.
    func takeAll(_ taken: inout [Completion]) {
        taken.removeAll(keepingCapacity: true)
        responses.withLock { responses in
            if !responses.isEmpty { swap(&taken, &responses) }
        }
    }
}

extension LoopExecutor: Mailbox {}
