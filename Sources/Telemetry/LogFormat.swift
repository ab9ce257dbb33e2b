import Bytes
import Logging
import Time

/// The format of log lines. Appends a summary or a message to a buffer, with its line feed.
struct LogFormat: Sendable {
    private enum Kind: Sendable {
        case mozlog(MozlogFormat)
        case text(TextFormat)
    }

    private let kind: Kind
    private let hasPriorities: Bool

    init(_ configuration: LogOutput.Configuration) {
        kind = configuration.json ? .mozlog(MozlogFormat(configuration)) : .text(TextFormat())
        hasPriorities = configuration.hasPriorities
    }

    func append(_ summary: RequestSummary, at timestamp: UnixTime, to line: inout [UInt8]) {
        appendPriority(summary.severity, to: &line)
        switch kind {
        case .mozlog(let format): format.append(summary, at: timestamp, to: &line)
        case .text(let format): format.append(summary, at: timestamp, to: &line)
        }
    }

    func append(_ message: LogMessage, at timestamp: UnixTime, to line: inout [UInt8]) {
        appendPriority(message.severity, to: &line)
        switch kind {
        case .mozlog(let format): format.append(message, at: timestamp, to: &line)
        case .text(let format): format.append(message, at: timestamp, to: &line)
        }
    }

    private func appendPriority(_ severity: Severity, to line: inout [UInt8]) {
        guard hasPriorities else { return }
        line.append("<")
        line.appendDecimal(severity.rawValue)
        line.append(">")
    }
}

/// One message of a logger.
struct LogMessage: Sendable {
    /// The label of the logger, which becomes mozlog's `Type`.
    var label: String
    var severity: Severity
    var text: String
    /// Names and values, sorted by name. Names are unique.
    var metadata: [(name: String, value: String)] = []
}
