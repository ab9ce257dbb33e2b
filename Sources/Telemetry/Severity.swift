package import Logging

/// The severity of a log line: the severities of syslog (RFC 5424 section 6.2.1) that the service uses, with
/// syslog's numbers. A smaller number is more severe.
package enum Severity: Int, Sendable, CaseIterable {
    case critical = 2
    case error = 3
    case warning = 4
    case notice = 5
    case informational = 6
    case debug = 7

    /// Converts a swift-log level. Syslog has nothing below debug, so trace becomes debug.
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

    /// The name in plain-text lines, padded so that the columns line up.
    var word: StaticString {
        switch self {
        case .critical: "CRITICAL "
        case .error: "ERROR    "
        case .warning: "WARNING  "
        case .notice: "NOTICE   "
        case .informational: "INFO     "
        case .debug: "DEBUG    "
        }
    }
}
