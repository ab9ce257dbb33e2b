import HTTP
import HTTPTypes
import Testing

@Suite struct FieldLinesTests {
    private func text(_ lines: FieldLines) -> String { String(decoding: lines.bytes, as: UTF8.self) }

    @Test func lines_areRendered_inTheOrderGiven() {
        var lines = FieldLines([.contentType: "text/plain", .eTag: "\"a\""])
        lines.append(.allow, "GET, HEAD")
        #expect(text(lines) == "Content-Type: text/plain\r\nETag: \"a\"\r\nAllow: GET, HEAD\r\n")
    }

    @Test func lines_areEmpty_withoutFields() {
        #expect(FieldLines().bytes.isEmpty)
        #expect(FieldLines([:]) == FieldLines())
    }

    @Test func name_keepsItsSpelling() throws {
        let name = try #require(HTTPField.Name("X-Request-ID"))
        #expect(text(FieldLines([name: "1"])) == "X-Request-ID: 1\r\n")
    }

    @Test func controlCharacters_becomeSpaces_exceptTheTab() throws {
        for number in UInt8.min...UInt8.max {
            // Scalars above U+007F are kept, encoded as UTF-8.
            let scalar = Unicode.Scalar(number)
            let value = "a\(scalar)b"
            let isControl = number < 0x20 || number == 0x7F
            let expected = isControl && scalar != "\t" ? "a b" : value
            #expect(text(FieldLines([.server: value])) == "Server: \(expected)\r\n", "\(number)")
        }
    }

    @Test(arguments: [
        "a\r\nSet-Cookie: b", "\r\n\r\n<html>", "a\nb", "a\rb", "\r\n", "\0", "\u{7F}",
        String(repeating: "\r\n", count: 100),
    ])
    func value_cannotEndItsLine(value: String) {
        var lines = FieldLines([.server: value])
        lines.append(.vary, value)
        let bytes = lines.bytes
        #expect(bytes.count == "Server: \r\nVary: \r\n".utf8.count + 2 * value.utf8.count)
        #expect(bytes.count { $0 == 0x0D } == 2 && bytes.count { $0 == 0x0A } == 2)
        #expect(bytes.suffix(2) == [0x0D, 0x0A])
    }

    /// Control characters are replaced in the new value only; the CRLF before it is kept.
    @Test func append_keepsEarlierBytes() {
        var bytes: [UInt8] = Array("HTTP/1.1 200 OK\r\n".utf8)
        bytes.append(.server, "\u{1}")
        #expect(bytes == Array("HTTP/1.1 200 OK\r\nServer:  \r\n".utf8))
    }

    @Test func response_isEmpty_byDefault() {
        let response = Response(status: .noContent)
        #expect(response.status == .noContent && response.fields == FieldLines() && response.body.isEmpty)
        #expect(response.ownField == nil)
    }

    /// Field lines have value semantics.
    @Test func response_doesNotChangeTheLinesOfAnother() {
        let shared = FieldLines([.server: "a"])
        let one = Response(status: .ok, fields: shared)
        var other = Response(status: .ok, fields: shared)
        other.fields.append(.vary, "b")
        #expect(one.fields == shared && other.fields != shared)
    }
}
