import Bytes
import FuzzSupport
import HTTP
import HTTPTypes
import Time

/// Reads what a client prefers from field lines, and compares with a second reader that works on texts.
///
/// Each line begins with two bytes: its name, and the length of its value.
func checkPreferences(_ data: [UInt8]) {
    var input = FuzzInput(data)
    var lines: [(name: String, value: [UInt8])] = []
    while !input.isEmpty {
        let name = ["Accept", "Prefer", "Last-Event-ID", "X-Accept"][Int(input.byte() & 3)]
        lines.append((name, fieldValue(input.bytes(Int(input.byte())))))
    }
    let request = makeRequest(lines)
    let expected = Expected(lines)
    require(prefersEventStream(request) == expected.prefersEventStream, "Accept is read as specified")
    require(preferredWait(request) == expected.wait, "Prefer is read as specified")
    require(expected.wait.map { (0...999_999_999).contains($0) } ?? true, "a wait has at most nine digits")
    let id = lines.first { $0.name == "Last-Event-ID" }?.value ?? []
    let text = lastEventID(of: request)
    require((text == nil) == id.isEmpty, "an empty ID counts as none")
    require(text == nil || text == String(decoding: id, as: UTF8.self), "an ID is taken as it is")
    checkJoined(lines, expected)
}

/// A list may be given in one line or in several (RFC 9110 section 5.3).
private func checkJoined(_ lines: [(name: String, value: [UInt8])], _ expected: Expected) {
    let joined = ["Accept", "Prefer"].map { name in
        let values = lines.filter { $0.name == name }.map(\.value)
        return (name, Array(values.joined(separator: Array(", ".utf8))))
    }
    let request = makeRequest(joined)
    require(prefersEventStream(request) == expected.prefersEventStream, "Accept is a list")
    require(preferredWait(request) == expected.wait, "Prefer is a list")
}

/// Returns bytes that the parser of heads allows as a field value.
private func fieldValue(_ bytes: [UInt8]) -> [UInt8] {
    let value = bytes.map { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F ? 0x20 : $0 }
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    return Array(Array(value.drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
}

/// Returns a request with these lines between bytes of others.
private func makeRequest(_ lines: [(name: String, value: [UInt8])]) -> Request {
    var bytes = Array("Accept: text/event-stream, wait=1\r\n".utf8)
    var fieldLines: [Request.FieldLine] = []
    for (name, value) in lines {
        let start = bytes.count
        bytes += Array("\(name): ".utf8)
        let valueStart = bytes.count
        bytes += value
        fieldLines.append(
            Request.FieldLine(name: start..<start + name.utf8.count, value: valueStart..<bytes.count))
        bytes += Array("\r\n".utf8)
    }
    bytes += Array(", wait=2\r\n".utf8)
    return Request(
        bytes: bytes, method: .get, path: 0..<0, query: nil, fieldLines: fieldLines, hasBody: false,
        receivedAt: ManualClock().now, remoteAddress: .version4(0x7F00_0001, port: 1))
}

/// What the lines mean. Works on texts with one character for each byte.
private struct Expected {
    var prefersEventStream = false
    var wait: Int?

    init(_ lines: [(name: String, value: [UInt8])]) {
        let accepted = elements(of: "Accept", in: lines)
        let stream = accepted.filter { $0.type == "text/event-stream" }.map(\.quality).max() ?? 0
        let json = accepted.filter { $0.type == "application/json" }.map(\.quality).max()
        prefersEventStream = stream > 0 && (json.map { stream > $0 } ?? true)
        let preference = elements(of: "Prefer", in: lines).first { $0.name == "wait" }
        wait = preference.flatMap { Self.seconds($0.value) }
    }

    /// One to nine digits.
    private static func seconds(_ digits: String) -> Int? {
        guard digits.count <= 9, digits.allSatisfy({ "0123456789".contains($0) }) else { return nil }
        return Int(digits)
    }
}

/// One element of a list: `type;q=1` or `name=value`.
private struct Element {
    let type: String
    let name: String
    let value: String
    /// In thousandths.
    var quality = 1000

    init(_ text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { trimmed($0) }
        type = parts.first?.lowercased() ?? ""
        let pair = trimmed(text.split(separator: ";", omittingEmptySubsequences: false)[0])
        let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = trimmed(halves[0]).lowercased()
        value = halves.count == 2 ? trimmed(halves[1]) : ""
        for part in parts.dropFirst() {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, halves[0].lowercased() == "q" else { continue }
            quality = Self.thousandths(String(halves[1]))
            break
        }
    }

    private static func thousandths(_ text: String) -> Int {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts[0] == "0" || parts[0] == "1" else { return 0 }
        let digits = parts.count == 2 ? String(parts[1]) : ""
        guard digits.count <= 3, digits.allSatisfy({ "0123456789".contains($0) }) else { return 0 }
        let fraction = Int(digits + String(repeating: "0", count: 3 - digits.count)) ?? 0
        if parts[0] == "1" { return fraction == 0 ? 1000 : 0 }
        return fraction
    }
}

private func elements(of name: String, in lines: [(name: String, value: [UInt8])]) -> [Element] {
    lines.filter { $0.name == name }.flatMap { line in
        String(String.UnicodeScalarView(line.value.map { Unicode.Scalar($0 < 0x80 ? $0 : 0x40) }))
            .split(separator: ",").map { Element(String($0)) }
    }
}

private func trimmed(_ text: some StringProtocol) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    return String(Substring(text).drop(while: isBlank).reversed().drop(while: isBlank).reversed())
}
