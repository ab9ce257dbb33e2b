internal import EventLoop
internal import HTTPWire
internal import Synchronization

/// Later answers, on their way back to the connections that wait for them, from any thread.
final class Completions: Sendable {
    private struct State {
        var answers: [(token: UInt64, response: Response)] = []
        var worksUnderWay = 0
    }

    private let state = Mutex(State())
    private let loop: EventLoop

    init(wakes loop: EventLoop) {
        self.loop = loop
    }

    func deliver(_ response: Response, to token: UInt64) {
        state.withLock { $0.answers.append((token, response)) }
        loop.wake()
    }

    func takeAll() -> [(token: UInt64, response: Response)] {
        state.withLock { state in
            if state.answers.isEmpty { return [] }
            let taken = state.answers
            state.answers = []
            return taken
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
