import Logging
import Time

/// The format of log lines. Appends a summary or a message to a buffer, with its line feed.
enum LogFormat: Sendable {
    case mozlog(MozlogFormat)
    case text(TextFormat)

    init(_ configuration: LogOutput.Configuration) {
        self = configuration.json ? .mozlog(MozlogFormat(configuration)) : .text(TextFormat())
    }

    func append(_ summary: RequestSummary, at timestamp: UnixTime, to line: inout [UInt8]) {
        switch self {
        case .mozlog(let format): format.append(summary, at: timestamp, to: &line)
        case .text(let format): format.append(summary, at: timestamp, to: &line)
        }
    }

    func append(_ message: LogMessage, at timestamp: UnixTime, to line: inout [UInt8]) {
        switch self {
        case .mozlog(let format): format.append(message, at: timestamp, to: &line)
        case .text(let format): format.append(message, at: timestamp, to: &line)
        }
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
