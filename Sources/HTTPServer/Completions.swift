internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Synchronization

/// Later answers, on their way back to the connections that wait for them, from any thread.
final class Completions: Sendable {
    /// An answer, and the connection that it is for.
    typealias Completion = (id: ConnectionID, response: Response)

    private struct State {
        var answers: [Completion] = []
        var worksUnderWay = 0
    }

    private let state = Mutex(State())
    private let loop: LoopExecutor

    init(wakes loop: LoopExecutor) {
        self.loop = loop
    }

    func deliver(_ response: Response, to id: ConnectionID) {
        let isFirst = state.withLock { state in
            state.answers.append((id, response))
            return state.answers.count == 1
        }
        // Whoever came first has woken the loop, which takes all that is there by then.
        if isFirst { loop.wake() }
    }

    /// Exchanges the answers that are there for an empty array, so that two arrays serve for ever.
    func takeAll(_ answers: inout [Completion]) {
        answers.removeAll(keepingCapacity: true)
        state.withLock { state in
            if !state.answers.isEmpty { swap(&answers, &state.answers) }
        }
    }

    /// Counts shared work in that runs on this loop.
    func workBegins() {
        state.withLock { $0.worksUnderWay += 1 }
    }

    func workEnds() {
        state.withLock { $0.worksUnderWay -= 1 }
    }

    /// Whether connections, also of other loops, may wait for work that only this loop can go on with.
    var isWorkUnderWay: Bool {
        state.withLock { $0.worksUnderWay > 0 }
    }
}
