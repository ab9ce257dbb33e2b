package import Logging

/// How grave a log line is: syslog's severities (RFC 5424 section 6.2.1), which mozlog uses. Smaller is
/// graver.
package enum Severity: Int, Sendable, CaseIterable {
    case emergency = 0
    case alert = 1
    case critical = 2
    case error = 3
    case warning = 4
    case notice = 5
    case informational = 6
    case debug = 7

    /// The severity of a swift-log level. Syslog has nothing below debug, so trace shares it.
    package init(_ level: Logger.Level) {
        self =
            switch level {
            case .trace, .debug: .debug
            case .info: .informational
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }

    /// The word in lines for people, padded to one width so that what follows lines up.
    var word: StaticString {
        switch self {
        case .emergency: "EMERGENCY"
        case .alert: "ALERT    "
        case .critical: "CRITICAL "
        case .error: "ERROR    "
        case .warning: "WARNING  "
        case .notice: "NOTICE   "
        case .informational: "INFO     "
        case .debug: "DEBUG    "
        }
    }
}
