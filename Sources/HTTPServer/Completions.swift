internal import HTTPWire
internal import Synchronization

/// Answers of suspended handlers, on their way back to the connections that wait for them.
///
/// Handlers end on the loop's own thread, so the lock is never contended; it is there because a task may not touch
/// the worker's state itself.
final class Completions: Sendable {
    private let answers = Mutex<[(token: UInt64, response: Response)]>([])

    func deliver(_ response: Response, to token: UInt64) {
        answers.withLock { $0.append((token, response)) }
    }

    func takeAll() -> [(token: UInt64, response: Response)] {
        answers.withLock { answers in
            if answers.isEmpty { return [] }
            let taken = answers
            answers = []
            return taken
        }
    }
}
