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
        line.appendJSONString(summary.agent ?? "", .ascii)
        line.append(#","errno":"#)
        line.appendDecimal(summary.errno)
        line.append(#","lang":"#)
        line.appendJSONString(summary.language ?? "", .ascii)
        line.append(#","method":"#)
        line.appendJSONString(summary.method, .ascii)
        line.append(#","path":"#)
        line.appendJSONString(summary.path, .ascii)
        line.append(#","code":"#)
        line.appendDecimal(summary.code)
        line.append(#","t":"#)
        line.appendDecimal(summary.duration.wholeMilliseconds)
        line.append(#","uid":"#)
        line.appendJSONString(summary.userID ?? "", .ascii)
        line.append(#","rid":"#)
        line.appendJSONString(summary.requestID, .ascii)
        line.append(#","remoteAddressChain":["#)
        for (index, address) in summary.remoteAddressChain.enumerated() {
            if index > 0 { line.append(",") }
            line.appendJSONString(address, .ascii)
        }
        line.append(#"],"msg":"#)
        line.appendJSONString(summary.message ?? "", .ascii)
        end(&line)
    }

    func append(_ message: LogMessage, at timestamp: UnixTime, to line: inout [UInt8]) {
        begin(message.label, message.severity, at: timestamp, &line)
        line.append(#""msg":"#)
        line.appendJSONString(message.text, .ascii)
        for (name, value) in message.metadata {
            line.append(",")
            line.appendJSONString(name, .ascii)
            line.append(":")
            line.appendJSONString(value, .ascii)
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
