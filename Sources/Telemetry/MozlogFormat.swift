import Time

/// Mozlog 2.0: one JSON object a line.
struct MozlogFormat: Sendable {
    /// What no line changes: logger, host, version of the envelope and process number.
    private let envelope: [UInt8]

    init(_ configuration: LogOutput.Configuration) {
        var envelope: [UInt8] = []
        envelope.append(#","Logger":"#)
        envelope.appendQuoted(configuration.loggerName)
        envelope.append(#","Hostname":"#)
        envelope.appendQuoted(configuration.hostname)
        envelope.append(#","EnvVersion":"2.0","Pid":"#)
        envelope.appendDecimal(Int(configuration.processID))
        envelope.append(#","Severity":"#)
        self.envelope = envelope
    }

    func append(_ summary: RequestSummary, at timestamp: Int, to line: inout [UInt8]) {
        begin("request.summary", summary.severity, at: timestamp, &line)
        line.append(#""agent":"#)
        line.appendQuoted(summary.agent ?? "")
        line.append(#","errno":"#)
        line.appendDecimal(summary.errno)
        line.append(#","lang":"#)
        line.appendQuoted(summary.language ?? "")
        line.append(#","method":"#)
        line.appendQuoted(summary.method)
        line.append(#","path":"#)
        line.appendQuoted(summary.path)
        line.append(#","code":"#)
        line.appendDecimal(summary.code)
        line.append(#","t":"#)
        line.appendDecimal(summary.duration.wholeMilliseconds)
        line.append(#","uid":"#)
        line.appendQuoted(summary.userID ?? "")
        line.append(#","rid":"#)
        line.appendQuoted(summary.requestID)
        line.append(#","remoteAddressChain":["#)
        for (index, address) in summary.remoteAddressChain.enumerated() {
            if index > 0 { line.append(",") }
            line.appendQuoted(address)
        }
        line.append(#"],"msg":"#)
        line.appendQuoted(summary.message ?? "")
        end(&line)
    }

    func append(_ message: LogMessage, at timestamp: Int, to line: inout [UInt8]) {
        begin(message.label, message.severity, at: timestamp, &line)
        line.append(#""msg":"#)
        line.appendQuoted(message.text)
        for (name, value) in message.metadata {
            line.append(",")
            line.appendQuoted(name)
            line.append(":")
            line.appendQuoted(value)
        }
        end(&line)
    }

    private func begin(_ type: String, _ severity: Severity, at timestamp: Int, _ line: inout [UInt8]) {
        line.append(#"{"Timestamp":"#)
        line.appendDecimal(timestamp)
        line.append(#","Type":"#)
        line.appendQuoted(type)
        line.append(contentsOf: envelope)
        line.appendDecimal(severity.rawValue)
        line.append(#","Fields":{"#)
    }

    private func end(_ line: inout [UInt8]) {
        line.append("}}\n")
    }
}

extension Duration {
    /// Rounded to the nearest; mozlog's `t` is an integer.
    fileprivate var wholeMilliseconds: Int {
        (microseconds + 500) / 1000
    }
}
