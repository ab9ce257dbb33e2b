import FuzzSupport
import Time

@testable import Telemetry

/// A line of mozlog whose `Fields` have one type.
private struct Line<Fields: Decodable>: Decodable {
    let Timestamp: Int
    let type: String
    let Logger: String
    let Hostname: String
    let EnvVersion: String
    let Pid: Int
    let Severity: Int
    let Fields: Fields

    private enum CodingKeys: String, CodingKey {
        case Timestamp, type = "Type", Logger, Hostname, EnvVersion, Pid, Severity, Fields
    }
}

private struct MessageFields: Decodable {
    let msg: String
    let error: String
}

private struct SummaryFields: Decodable {
    let agent, lang, method, path, uid, rid, msg: String
    let errno, code, t: Int
    let remoteAddressChain: [String]
}

/// Formats the texts as log lines in both formats. Each must be one line, and mozlog must decode to the
/// texts.
func checkLog(_ texts: [String]) {
    func text(_ index: Int) -> String { texts.isEmpty ? "" : texts[index % texts.count] }
    let configuration = LogOutput.Configuration(
        json: true, loggerName: text(0), hostname: text(1), processID: 7)
    let message = LogMessage(
        label: text(2), severity: .error, text: text(3), metadata: [(name: "error", value: text(4))])
    let summary = RequestSummary(
        agent: text(0), language: text(1), errno: 108, method: text(2), path: text(3), code: 404,
        duration: .milliseconds(3), userID: text(4), requestID: text(5), remoteAddressChain: texts,
        message: text(6), severity: .notice)
    let mozlog = LogFormat.mozlog(MozlogFormat(configuration))

    let time = UnixTime(nanoseconds: 5)
    let messageLine = decoded(
        Line<MessageFields>.self, line { mozlog.append(message, at: time, to: &$0) })
    require(
        messageLine.Timestamp == 5 && messageLine.Pid == 7 && messageLine.Severity == 3
            && messageLine.EnvVersion == "2.0", "numbers decode to the original")
    require(
        areSame(
            [messageLine.Logger, messageLine.Hostname, messageLine.type, messageLine.Fields.msg],
            (0...3).map(text)), "the texts of a message decode to the original")
    require(areSame([messageLine.Fields.error], [text(4)]), "metadata decodes to the original")

    let fields = decoded(Line<SummaryFields>.self, line { mozlog.append(summary, at: time, to: &$0) }).Fields
    require(
        fields.errno == 108 && fields.code == 404 && fields.t == 3,
        "numbers of a summary decode to the original")
    require(
        areSame(
            [fields.agent, fields.lang, fields.method, fields.path, fields.uid, fields.rid, fields.msg],
            (0...6).map(text)), "the texts of a summary decode to the original")
    require(areSame(fields.remoteAddressChain, texts), "addresses decode to the original")

    let people = LogFormat.text(TextFormat())
    _ = line { people.append(message, at: time, to: &$0) }
    _ = line { people.append(summary, at: time, to: &$0) }
}

/// Returns what is written, which must be one line of printable characters.
private func line(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
    var line: [UInt8] = []
    write(&line)
    require(line.last == UInt8(ascii: "\n"), "a line ends with a line feed")
    require(
        line.dropLast().allSatisfy { (0x20...0x7E).contains($0) },
        "a line is one line of printable characters")
    return line
}
