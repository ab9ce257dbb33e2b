package import Logging
internal import Synchronization

/// Records log lines, for tests that inspect or await them.
package final class LogRecorder: Sendable {
    private struct State {
        var lines: [String] = []
        var waiting: [(text: String, continuation: CheckedContinuation<String, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// A logger that writes to this recorder.
    package var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self) } }

    /// The lines so far: the level, the message and the metadata, by key, of each.
    package var lines: [String] { state.withLock { $0.lines } }

    /// Returns the first recorded line that contains the text. Waits for one if there is none.
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

    /// Removes the lines so far, so that a test can await later ones.
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
        for waiter in met { waiter.continuation.resume(returning: line) }
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
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            recorder.add("\(event.level) \(event.message)\(fields.joined())")
        }
    }
}
