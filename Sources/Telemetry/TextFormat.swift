import Bytes
import Time

/// Plain-text lines: time in UTC, severity, text, then `name=value`.
struct TextFormat: Sendable {
    func append(_ summary: RequestSummary, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin(summary.severity, at: timestamp, &line)
        line.appendJSONEscaped(summary.method, .ascii)
        line.append(" ")
        line.appendJSONEscaped(summary.path, .ascii)
        line.append(" ")
        line.appendDecimal(summary.code)
        line.append(" ")
        line.appendMilliseconds(summary.duration)
        line.append(" ms")
        if summary.errno != 0 { append("errno", String(summary.errno), &line) }
        if let userID = summary.userID { append("uid", userID, &line) }
        append("rid", summary.requestID, &line)
        append("from", summary.remoteAddressChain.joined(separator: ","), &line)
        if let agent = summary.agent { append("agent", agent, &line) }
        if let language = summary.language { append("lang", language, &line) }
        if let message = summary.message { append("msg", message, &line) }
        line.append("\n")
    }

    func append(_ message: LogMessage, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin(message.severity, at: timestamp, &line)
        line.appendJSONEscaped(message.text, .asciiText)
        for (name, value) in message.metadata { append(name, value, &line) }
        line.append("\n")
    }

    private func begin(_ severity: Severity, at timestamp: UnixTime, _ line: inout [UInt8]) {
        line.appendTimestamp(timestamp)
        line.append(" ")
        line.append(severity.word)
        line.append(" ")
    }

    /// Appends a space and `name=value`. A value that is empty or contains a space or `=` is quoted.
    private func append(_ name: String, _ value: String, _ line: inout [UInt8]) {
        line.append(" ")
        line.appendJSONEscaped(name, .ascii)
        line.append("=")
        if value.isEmpty || value.utf8.contains(where: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") })
        {
            line.appendJSONString(value, .ascii)
        } else {
            line.appendJSONEscaped(value, .ascii)
        }
    }
}

extension [UInt8] {
    /// Appends `2026-04-01T12:00:00.123Z` (RFC 3339).
    fileprivate mutating func appendTimestamp(_ timestamp: UnixTime) {
        let time = CalendarTime(unixSeconds: timestamp.seconds)
        appendDecimal(UInt(time.year), minimumDigits: 4)
        append("-")
        appendDecimal(UInt(time.month), minimumDigits: 2)
        append("-")
        appendDecimal(UInt(time.day), minimumDigits: 2)
        append("T")
        appendDecimal(UInt(time.hour), minimumDigits: 2)
        append(":")
        appendDecimal(UInt(time.minute), minimumDigits: 2)
        append(":")
        appendDecimal(UInt(time.second), minimumDigits: 2)
        append(".")
        appendDecimal(UInt(timestamp.nanoseconds / 1_000_000 % 1000), minimumDigits: 3)
        append("Z")
    }
}
