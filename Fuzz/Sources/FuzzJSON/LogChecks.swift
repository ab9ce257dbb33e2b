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
/// texts, except for those that are cut.
func checkLog(_ texts: [String]) {
    func text(_ index: Int) -> String { texts.isEmpty ? "" : texts[index % texts.count] }
    let configuration = LogOutput.Configuration(
        json: true, loggerName: text(0), hostname: text(1), processID: 7)
    let plain = LogOutput.Configuration(json: false, loggerName: text(0), hostname: text(1), processID: 7)
    let message = LogMessage(
        label: text(2), severity: .error, text: text(3), metadata: [(name: "error", value: text(4))])
    let summary = RequestSummary(
        agent: text(0), language: text(1), errno: 108, method: text(2), path: text(3), code: 404,
        duration: .milliseconds(3), userID: text(4), requestID: text(5), remoteAddressChain: texts,
        message: text(6), severity: .notice)
    let mozlog = LogFormat(configuration)

    let time = UnixTime(nanoseconds: 5)
    let messageLine = decoded(
        Line<MessageFields>.self, line { mozlog.append(message, at: time, to: &$0) })
    require(
        messageLine.Timestamp == 5 && messageLine.Pid == 7 && messageLine.Severity == 3
            && messageLine.EnvVersion == "2.0", "numbers decode to the original")
    require(
        areSame([messageLine.Logger, messageLine.Hostname, messageLine.type], (0...2).map(text)),
        "the texts of a message decode to the original")
    require(
        areSameOrCut([messageLine.Fields.msg, messageLine.Fields.error], [text(3), text(4)]),
        "message and metadata decode to the original")

    let fields = decoded(Line<SummaryFields>.self, line { mozlog.append(summary, at: time, to: &$0) }).Fields
    require(
        fields.errno == 108 && fields.code == 404 && fields.t == 3,
        "numbers of a summary decode to the original")
    require(
        areSameOrCut(
            [fields.agent, fields.lang, fields.method, fields.path, fields.uid, fields.rid, fields.msg],
            (0...6).map(text)), "the texts of a summary decode to the original")
    let omitted = texts.count - LogBound.addresses
    let mark = omitted > 0 ? ["[cut, \(omitted) addresses]"] : []
    require(
        areSameOrCut(fields.remoteAddressChain, mark + texts.suffix(LogBound.addresses)),
        "the last addresses decode to the original")

    let people = LogFormat(plain)
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

/// Returns whether each text is the original, or its beginning with the mark of a cut.
private func areSameOrCut(_ texts: [String], _ originals: [String]) -> Bool {
    texts.count == originals.count
        && zip(texts, originals).allSatisfy { text, original in
            if areSame([text], [original]) { return true }
            let mark = "[cut, \(original.utf8.count) bytes]".unicodeScalars
            return text.unicodeScalars.reversed().starts(with: mark.reversed())
                && original.unicodeScalars.starts(with: text.unicodeScalars.dropLast(mark.count))
        }
}
