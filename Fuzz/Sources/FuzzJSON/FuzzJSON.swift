import Bytes
import FoundationEssentials
import FuzzSupport

@testable import Broadcasts
@testable import Telemetry

/// Writes the input as JSON in every way the service does, and reads it back with Foundation's decoder.
///
/// The texts come from bytes that need not be UTF-8, as those of requests and of rows.
func checkJSON(_ data: [UInt8]) {
    var input = FuzzInput(data)
    var texts: [String] = []
    while !input.isEmpty {
        let count = Int(input.byte())
        texts.append(String(decoding: input.bytes(count), as: UTF8.self))
    }
    checkStrings(texts)
    checkBoard(texts)
    checkLog(texts)
}

/// What Foundation reads in some JSON.
func decoded<Value: Decodable>(_ type: Value.Type, _ json: [UInt8]) -> Value {
    do {
        return try JSONDecoder().decode(type, from: Data(json))
    } catch {
        fatalError("what is written is JSON: \(String(decoding: json, as: UTF8.self)): \(error)")
    }
}

/// Whether texts are the same byte for byte; `String` itself takes differently composed accents for equal.
func areSame(_ left: [String], _ right: [String]) -> Bool {
    left.elementsEqual(right) { $0.utf8.elementsEqual($1.utf8) }
}

private func checkStrings(_ texts: [String]) {
    var plain: [UInt8] = []
    var printable: [UInt8] = []
    for text in texts {
        plain += (plain.isEmpty ? "[" : ",").utf8
        plain.appendJSONString(text)
        printable += (printable.isEmpty ? "[" : ",").utf8
        printable.appendJSONString(text, .ascii)
    }
    guard !texts.isEmpty else { return }
    plain += "]".utf8
    printable += "]".utf8
    require(areSame(decoded([String].self, plain), texts), "a text comes back")
    require(areSame(decoded([String].self, printable), texts), "a text of the log comes back")
    require(printable.allSatisfy { (0x20...0x7E).contains($0) }, "a text of the log is printable")
}

/// The answer to GET, as a client sees it.
private struct Answer: Decodable {
    let code: Int
    let broadcasts: [String: String]
}

private func checkBoard(_ texts: [String]) {
    let rows = stride(from: 0, to: texts.count - 2, by: 3).map { start in
        BoardRow(broadcasterID: texts[start], channelID: texts[start + 1], version: texts[start + 2])
    }
    let board = Board(rows: rows)
    let answer = decoded(Answer.self, board.body)
    require(answer.code == 200, "a board is an answer")
    require(
        Board(rows: rows.reversed()).body == board.body || hasEqualKeys(rows),
        "the order of rows means nothing")

    var expected: [[UInt8]: [UInt8]] = [:]
    for row in rows { expected[key(row)] = Array(row.version.utf8) }
    // A dictionary of Swift's takes keys for equal that differ in how accents are composed.
    guard Set(rows.map { String(decoding: key($0), as: UTF8.self) }).count == rows.count else { return }
    let shown = answer.broadcasts.map { (Array($0.key.utf8), Array($0.value.utf8)) }
    require(Dictionary(uniqueKeysWithValues: shown) == expected, "a board says what is in its rows")
}

private func key(_ row: BoardRow) -> [UInt8] {
    Array("\(row.broadcasterID)/\(row.channelID)".utf8)
}

/// Whether two rows are of one broadcaster and one channel, which the keys of the tables forbid.
private func hasEqualKeys(_ rows: [BoardRow]) -> Bool {
    Set(rows.map { [Array($0.broadcasterID.utf8), Array($0.channelID.utf8)] }).count < rows.count
}
