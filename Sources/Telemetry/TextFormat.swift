import Time

/// Lines for people at a terminal: time in UTC, severity, text, then `name=value`.
struct TextFormat: Sendable {
    func append(_ summary: RequestSummary, at timestamp: Int, to line: inout [UInt8]) {
        begin(summary.severity, at: timestamp, &line)
        line.appendEscaped(summary.method)
        line.append(" ")
        line.appendEscaped(summary.path)
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

    func append(_ message: LogMessage, at timestamp: Int, to line: inout [UInt8]) {
        begin(message.severity, at: timestamp, &line)
        line.appendEscaped(message.text, keepingQuotes: true)
        for (name, value) in message.metadata { append(name, value, &line) }
        line.append("\n")
    }

    private func begin(_ severity: Severity, at timestamp: Int, _ line: inout [UInt8]) {
        line.appendTimestamp(timestamp)
        line.append(" ")
        line.append(severity.word)
        line.append(" ")
    }

    /// Values that could be taken for more than one word, or for none, are put in quotes.
    private func append(_ name: String, _ value: String, _ line: inout [UInt8]) {
        line.append(" ")
        line.appendEscaped(name)
        line.append("=")
        if value.isEmpty || value.utf8.contains(where: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") })
        {
            line.appendQuoted(value)
        } else {
            line.appendEscaped(value)
        }
    }
}

extension [UInt8] {
    /// Appends `2026-04-01T12:00:00.123Z` (RFC 3339).
    fileprivate mutating func appendTimestamp(_ nanoseconds: Int) {
        let milliseconds = nanoseconds / 1_000_000
        let (day, time) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let date = CivilDate(daysSince1970: day)
        appendDecimal(UInt(date.year), minimumDigits: 4)
        append("-")
        appendDecimal(UInt(date.month), minimumDigits: 2)
        append("-")
        appendDecimal(UInt(date.day), minimumDigits: 2)
        append("T")
        appendDecimal(UInt(time / 3_600_000), minimumDigits: 2)
        append(":")
        appendDecimal(UInt(time / 60_000 % 60), minimumDigits: 2)
        append(":")
        appendDecimal(UInt(time / 1000 % 60), minimumDigits: 2)
        append(".")
        appendDecimal(UInt(time % 1000), minimumDigits: 3)
        append("Z")
    }
}
