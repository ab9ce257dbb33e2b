package import Logging
internal import Synchronization

/// A log whose lines a test can look at and wait for.
package final class LogRecorder: Sendable {
    private struct State {
        var lines: [String] = []
        var waiting: [(text: String, isMet: CheckedContinuation<String, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// A logger whose lines are recorded.
    package var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self) } }

    /// The lines so far: the level and the message of each.
    package var lines: [String] { state.withLock { $0.lines } }

    /// The first line, from now on or before, that contains the text.
    package func line(containing text: String) async -> String {
        await withCheckedContinuation { continuation in
            let line = state.withLock { state in
                let line = state.lines.first { $0.contains(text) }
                if line == nil { state.waiting.append((text, continuation)) }
                return line
            }
            if let line { continuation.resume(returning: line) }
        }
    }

    /// Forgets the lines so far, so that later ones can be waited for.
    package func clear() {
        state.withLock { $0.lines = [] }
    }

    private func add(_ line: String) {
        let met = state.withLock { state in
            state.lines.append(line)
            let met = state.waiting.filter { line.contains($0.text) }
            state.waiting.removeAll { line.contains($0.text) }
            return met
        }
        for waiter in met { waiter.isMet.resume(returning: line) }
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            recorder.add("\(event.level) \(event.message)")
        }
    }
}
