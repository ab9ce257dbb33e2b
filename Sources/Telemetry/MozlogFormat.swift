import Bytes
import Time

/// Mozlog 2.0: one JSON object a line.
struct MozlogFormat: Sendable {
    /// The part that is the same in all lines: logger, host, envelope version and process ID.
    private let envelope: [UInt8]

    init(_ configuration: LogOutput.Configuration) {
        var envelope: [UInt8] = []
        envelope.append(#","Logger":"#)
        envelope.appendJSONString(configuration.loggerName, .ascii)
        envelope.append(#","Hostname":"#)
        envelope.appendJSONString(configuration.hostname, .ascii)
        envelope.append(#","EnvVersion":"2.0","Pid":"#)
        envelope.appendDecimal(Int(configuration.processID))
        envelope.append(#","Severity":"#)
        self.envelope = envelope
    }

    func append(_ summary: RequestSummary, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin("request.summary", summary.severity, at: timestamp, &line)
        line.append(#""agent":"#)
        line.appendBoundedString(summary.agent ?? "")
        line.append(#","errno":"#)
        line.appendDecimal(summary.errno)
        line.append(#","lang":"#)
        line.appendBoundedString(summary.language ?? "")
        line.append(#","method":"#)
        line.appendBoundedString(summary.method)
        line.append(#","path":"#)
        line.appendBoundedString(summary.path, LogBound.path)
        line.append(#","code":"#)
        line.appendDecimal(summary.code)
        line.append(#","t":"#)
        line.appendDecimal(summary.duration.wholeMilliseconds)
        line.append(#","uid":"#)
        line.appendBoundedString(summary.userID ?? "")
        line.append(#","rid":"#)
        line.appendBoundedString(summary.requestID)
        line.append(#","remoteAddressChain":["#)
        let (omitted, addresses) = summary.nearestAddresses
        var isFirst = true
        if omitted > 0 {
            line.append("\"[cut, ")
            line.appendDecimal(omitted)
            line.append(" addresses]\"")
            isFirst = false
        }
        for address in addresses {
            if !isFirst { line.append(",") }
            isFirst = false
            line.appendBoundedString(address, LogBound.address)
        }
        line.append(#"],"msg":"#)
        line.appendBoundedString(summary.message ?? "", LogBound.text)
        end(&line)
    }

    func append(_ message: LogMessage, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin(message.label, message.severity, at: timestamp, &line)
        line.append(#""msg":"#)
        line.appendBoundedString(message.text, LogBound.text)
        for (name, value) in message.metadata {
            line.append(",")
            line.appendJSONString(name, .ascii)
            line.append(":")
            line.appendBoundedString(value, LogBound.text)
        }
        end(&line)
    }

    private func begin(_ type: String, _ severity: Severity, at timestamp: UnixTime, _ line: inout [UInt8]) {
        line.append(#"{"Timestamp":"#)
        line.appendDecimal(timestamp.nanoseconds)
        line.append(#","Type":"#)
        line.appendJSONString(type, .ascii)
        line.append(contentsOf: envelope)
        line.appendDecimal(severity.rawValue)
        line.append(#","Fields":{"#)
    }

    private func end(_ line: inout [UInt8]) {
        line.append("}}\n")
    }
}

extension Duration {
    /// Rounded to the nearest integer, as mozlog's `t` is one.
    fileprivate var wholeMilliseconds: Int {
        (microseconds + 500) / 1000
    }
}
