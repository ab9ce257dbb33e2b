import Bytes
import FoundationEssentials
import FuzzSupport

@testable import Broadcasts
@testable import Telemetry

/// Encodes the input as JSON in every way the service does, and decodes it with Foundation.
///
/// The texts are decoded from bytes that may be invalid UTF-8, like those of requests and rows.
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

/// Decodes JSON with Foundation.
func decoded<Value: Decodable>(_ type: Value.Type, _ json: [UInt8]) -> Value {
    do {
        return try JSONDecoder().decode(type, from: Data(json))
    } catch {
        fatalError("the output is JSON: \(String(decoding: json, as: UTF8.self)): \(error)")
    }
}

/// Returns whether texts are equal byte for byte. `==` ignores Unicode composition.
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
    require(areSame(decoded([String].self, plain), texts), "a text decodes to the original")
    require(areSame(decoded([String].self, printable), texts), "a text of the log decodes to the original")
    require(printable.allSatisfy { (0x20...0x7E).contains($0) }, "a text of the log is printable")
}

/// The content of the response to GET.
private struct BoardContent: Decodable {
    let code: Int
    let broadcasts: [String: String]
}

private func checkBoard(_ texts: [String]) {
    let rows = stride(from: 0, to: texts.count - 2, by: 3).map { start in
        BoardRow(broadcasterID: texts[start], channelID: texts[start + 1], version: texts[start + 2])
    }
    let board = Board(rows: rows)
    let content = decoded(BoardContent.self, board.content.body)
    require(content.code == 200, "the code of a board is 200")
    require(
        Board(rows: rows.reversed()).content.body == board.content.body || hasEqualKeys(rows),
        "the order of the rows does not change the board")

    var expected: [[UInt8]: [UInt8]] = [:]
    for row in rows { expected[key(row)] = Array(row.version.utf8) }
    // In a Swift dictionary, keys that differ only in Unicode composition are equal.
    guard Set(rows.map { String(decoding: key($0), as: UTF8.self) }).count == rows.count else { return }
    let shown = content.broadcasts.map { (Array($0.key.utf8), Array($0.value.utf8)) }
    require(Dictionary(uniqueKeysWithValues: shown) == expected, "a board contains its rows")
}

private func key(_ row: BoardRow) -> [UInt8] {
    Array("\(row.broadcasterID)/\(row.channelID)".utf8)
}

/// Returns whether two rows have the same broadcaster and channel, which the primary key of a table excludes.
private func hasEqualKeys(_ rows: [BoardRow]) -> Bool {
    Set(rows.map { [Array($0.broadcasterID.utf8), Array($0.channelID.utf8)] }).count < rows.count
}
