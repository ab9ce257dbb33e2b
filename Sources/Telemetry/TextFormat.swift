import Bytes
import Time

/// Plain-text lines: time in UTC, severity, text, then `name=value`.
struct TextFormat: Sendable {
    func append(_ summary: RequestSummary, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin(summary.severity, at: timestamp, &line)
        line.appendBounded(summary.method)
        line.append(" ")
        line.appendBounded(summary.path, LogBound.path)
        line.append(" ")
        line.appendDecimal(summary.code)
        line.append(" ")
        line.appendMilliseconds(summary.duration)
        line.append(" ms")
        if summary.errno != 0 { append("errno", String(summary.errno), &line) }
        if let userID = summary.userID { append("uid", userID, &line) }
        append("rid", summary.requestID, &line)
        appendChain(of: summary, &line)
        if let agent = summary.agent { append("agent", agent, &line) }
        if let language = summary.language { append("lang", language, &line) }
        if let message = summary.message { append("msg", message, &line, limit: LogBound.text) }
        line.append("\n")
    }

    func append(_ message: LogMessage, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin(message.severity, at: timestamp, &line)
        line.appendBounded(message.text, LogBound.text, .asciiText)
        for (name, value) in message.metadata { append(name, value, &line, limit: LogBound.text) }
        line.append("\n")
    }

    private func begin(_ severity: Severity, at timestamp: UnixTime, _ line: inout [UInt8]) {
        line.appendTimestamp(timestamp)
        line.append(" ")
        line.append(severity.word)
        line.append(" ")
    }

    private func appendChain(of summary: RequestSummary, _ line: inout [UInt8]) {
        let (omitted, addresses) = summary.nearestAddresses
        let start = beginValue("from", &line)
        if omitted > 0 {
            line.append("[cut, ")
            line.appendDecimal(omitted)
            line.append(" addresses]")
        }
        for address in addresses {
            if line.count > start { line.append(",") }
            line.appendBounded(address, LogBound.address)
        }
        endValue(from: start, &line)
    }

    private func append(
        _ name: String, _ value: String, _ line: inout [UInt8], limit: Int = LogBound.value
    ) {
        let start = beginValue(name, &line)
        line.appendBounded(value, limit)
        endValue(from: start, &line)
    }

    /// Appends a space and `name=`. Returns the position of the value.
    private func beginValue(_ name: String, _ line: inout [UInt8]) -> Int {
        line.append(" ")
        line.appendJSONEscaped(name, .ascii)
        line.append("=")
        return line.count
    }

    /// Quotes a value that is empty or contains a space or `=`.
    private func endValue(from start: Int, _ line: inout [UInt8]) {
        let mustQuote =
            line.count == start
            || line[start...].contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") }
        guard mustQuote else { return }
        line.insert(UInt8(ascii: "\""), at: start)
        line.append(UInt8(ascii: "\""))
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
