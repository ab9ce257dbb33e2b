package import Logging
import Synchronization
import Threads
package import Time

/// The log of the process: a bounded buffer, and one thread that writes it to a descriptor.
///
/// A caller renders its line and appends it to the buffer. It never waits for the descriptor: if the reader
/// of standard output stops reading, the buffer fills, further lines are dropped and counted, and their
/// number is logged as soon as the descriptor accepts bytes again. The lines of one thread keep their order.
package final class LogOutput: Sendable {
    /// How long the writer waits for further lines after a wake-up.
    ///
    /// Without this pause, every line of a busy server would wake the writer, which costs as much as handling
    /// the request.
    private static let gatheringTime = Duration.milliseconds(5)
    private static let ownLabel = "megaphone.log"
    /// Initial capacity in bytes, enough for nearly all lines.
    private static let usualLineLength = 700
    /// An atomic holds integers, so the level is stored as its index here.
    private static let levels = Logger.Level.allCases

    private static func index(of level: Logger.Level) -> Int {
        levels.firstIndex(of: level) ?? 0
    }

    private struct Waiting {
        var lines: [UInt8] = []
        /// Whether the writer waits for `work`.
        var writerSleeps = false
        var isClosed = false
    }

    private let waiting: Mutex<Waiting>
    private let format: LogFormat
    private let clock: Clock
    private let levelIndex: Atomic<Int>
    private let dropped = Atomic(0)
    private let descriptor: Int32
    private let capacity: Int
    private let work: WakeEvent
    private let ended: WakeEvent

    /// Number of descriptors that an output has open: two events.
    package static let descriptors = 2

    /// Starts the writer. The caller keeps ownership of the descriptor.
    ///
    /// Lines are dropped while at least `capacity` bytes are buffered. 4 MiB hold about 10,000 lines of
    /// mozlog.
    package init(_ configuration: Configuration, descriptor: Int32, capacity: Int = 4 << 20, clock: Clock) {
        self.clock = clock
        format = LogFormat(configuration)
        levelIndex = Atomic(Self.index(of: configuration.level))
        self.descriptor = descriptor
        self.capacity = capacity
        waiting = Mutex(Waiting())
        do {
            work = try WakeEvent()
            ended = try WakeEvent()
            try Thread(name: "log") { [self] in writeUntilClosed() }.detach()
        } catch {
            preconditionFailure("The log cannot be written: \(error).")
        }
    }

    /// Minimum level to log. May be changed at any time, from any thread.
    package var level: Logger.Level {
        get { Self.levels[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    /// Number of lines lost because the buffer was full, the output was closed or the descriptor failed.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Returns a logger that writes to this output; its label becomes mozlog's `Type`.
    package func logger(_ label: String) -> Logger {
        Logger(label: label) { LogOutputHandler(label: $0, output: self) }
    }

    /// Returns whether a summary of this severity would be written.
    package func isEnabled(_ severity: Severity) -> Bool {
        severity.rawValue <= Severity(level).rawValue
    }

    /// Writes the line of one request, if its severity is enabled.
    package func write(_ summary: RequestSummary) {
        guard isEnabled(summary.severity) else { return }
        append { format, line in format.append(summary, at: clock.wallTime, to: &line) }
    }

    func write(_ message: LogMessage) {
        append { format, line in format.append(message, at: clock.wallTime, to: &line) }
    }

    /// Writes the buffered lines and ends the writer, within the limit: what a blocked descriptor has not
    /// accepted by then is lost. Later lines are dropped and counted.
    package func close(within limit: Duration = .seconds(1)) {
        let isFirst = waiting.withLock { waiting in
            defer { waiting.isClosed = true }
            return !waiting.isClosed
        }
        guard isFirst else { return }
        work.signal()
        ended.wait(for: limit)
    }

    /// Renders a line, and appends it to the buffer unless that is full.
    ///
    /// The line is rendered outside the lock, which all event loops acquire for each request. The extra array
    /// costs about 30 of 430 ns.
    private func append(_ render: (LogFormat, inout [UInt8]) -> Void) {
        var line: [UInt8] = []
        line.reserveCapacity(Self.usualLineLength)
        render(format, &line)
        let mustWake = waiting.withLock { waiting in
            guard !waiting.isClosed, waiting.lines.count < capacity else {
                dropped.add(1, ordering: .relaxed)
                return false
            }
            waiting.lines.append(contentsOf: line)
            defer { waiting.writerSleeps = false }
            return waiting.writerSleeps
        }
        if mustWake { work.signal() }
    }

    // MARK: - The writer's thread

    private func writeUntilClosed() {
        var lines: [UInt8] = []
        var reportedDrops = 0
        while true {
            let isClosed = take(&lines)
            if !lines.isEmpty {
                write(lines, &reportedDrops)
            } else if isClosed {
                break
            } else {
                work.wait(for: nil)
                Thread.pause(Self.gatheringTime)
            }
        }
        ended.signal()
    }

    /// Swaps the buffered lines with an empty array, so that two arrays are reused. Returns true if no more
    /// lines follow.
    private func take(_ lines: inout [UInt8]) -> Bool {
        lines.removeAll(keepingCapacity: true)
        return waiting.withLock { waiting in
            swap(&lines, &waiting.lines)
            waiting.writerSleeps = lines.isEmpty && !waiting.isClosed
            return waiting.isClosed
        }
    }

    /// Writes lines. If all are written, also logs how many were dropped since the last report.
    private func write(_ lines: [UInt8], _ reportedDrops: inout Int) {
        let written = writeAll(lines, to: descriptor)
        let lost = lines[written...].count { $0 == UInt8(ascii: "\n") }
        guard lost == 0 else {
            dropped.add(lost, ordering: .relaxed)
            return
        }
        let drops = droppedLines
        guard drops > reportedDrops else { return }
        let report = LogMessage(
            label: Self.ownLabel, severity: .warning, text: "The output did not take all log lines",
            metadata: [(name: "dropped", value: String(drops - reportedDrops))])
        var line: [UInt8] = []
        format.append(report, at: clock.wallTime, to: &line)
        if writeAll(line, to: descriptor) == line.count { reportedDrops = drops }
    }
}
