import Bytes
import TestSupport
import Testing

/// Both escapings, checked with an independent JSON parser.
@Suite struct JSONStringTests {
    private func written(_ text: String, _ escaping: JSONEscaping) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text, escaping)
        return bytes
    }

    private func expectRoundTrip(_ text: String, _ comment: Comment) throws {
        for escaping in [JSONEscaping.minimal, .ascii] {
            let json = written(text, escaping)
            guard case .string(let read) = try JSON(json) else {
                Issue.record(comment)
                return
            }
            // `==` ignores Unicode composition, so the bytes are compared.
            #expect(read.utf8.elementsEqual(text.utf8), comment)
            #expect(json.allSatisfy { $0 >= 0x20 }, comment)
            if escaping == .ascii { #expect(json.allSatisfy { (0x20...0x7E).contains($0) }, comment) }
        }
    }

    @Test func everyByte_roundTrips_aloneAndBetweenOthers() throws {
        for byte in UInt8.min...UInt8.max {
            // A single byte above 0x7F is not valid UTF-8 and decodes to U+FFFD.
            let decoded = String(decoding: [byte], as: UTF8.self)
            let scalar = String(Unicode.Scalar(byte))
            for text in [decoded, scalar, "a\(decoded)b", "é\(scalar)\"\(scalar)"] {
                try expectRoundTrip(text, "byte \(byte)")
            }
        }
    }

    @Test func scalarsAtThePlaneBorders_roundTrip() throws {
        // The start of plane 0, the neighbors of the surrogates, the border of planes 0 and 1, the end of
        // plane 16.
        for range in [0...0x3000, 0xD700...0xE100, 0xFF00...0x1_0100, 0x10_FF00...0x10_FFFF]
            as [ClosedRange<UInt32>]
        {
            let scalars = range.compactMap(Unicode.Scalar.init)
            try expectRoundTrip(String(String.UnicodeScalarView(scalars)), "\(range)")
        }
    }

    @Test(arguments: TestSeed.drawn(4)) func randomTexts_roundTrip(seed: TestSeed) throws {
        var generator = seed.generator
        for _ in 0..<500 {
            let count = Int.random(in: 0..<40, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try expectRoundTrip(String(decoding: bytes, as: UTF8.self), "\(bytes)")
        }
    }

    @Test(arguments: [
        ("", #""""#), ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
        ("\0\u{1F}", ##""\u0000\u001f""##), ("\u{7F}é€😀", "\"\u{7F}é€😀\""),
    ])
    func minimal_escapesOnlyWhatJSONRequires(text: String, expected: String) {
        #expect(String(decoding: written(text, .minimal), as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\n", #""\n""#), ("\u{7F}", ##""\u007f""##),
        ("é€", ##""\u00e9\u20ac""##), ("😀", ##""\ud83d\ude00""##), ("\u{9B}31m", ##""\u009b31m""##),
    ])
    func ascii_escapesAllButPrintableASCII(text: String, expected: String) {
        #expect(String(decoding: written(text, .ascii), as: UTF8.self) == expected)
    }

    @Test func asciiText_keepsQuotes() {
        var bytes: [UInt8] = []
        bytes.appendJSONEscaped("say \"é\\\n\"", .asciiText)
        #expect(String(decoding: bytes, as: UTF8.self) == #"say "\u00e9\\\n""#)
    }

    @Test func strings_areAppended() {
        var bytes = Array("[".utf8)
        bytes.appendJSONString("a")
        bytes.append(",")
        bytes.appendJSONString("\n", .ascii)
        #expect(bytes == Array(#"["a","\n""#.utf8))
    }

    @Test(arguments: [
        #""a"#, #"a""#, "\"\n\"", #""\x""#, #""\u12g4""#, ##""\ud83d""##, #""\u+123""#, "\"\"\"",
    ])
    func canary_aMalformedString_isRejected(json: String) {
        #expect(throws: JSON.Malformed.self) { try JSON(json.utf8) }
    }

    @Test func canary_invalidUTF8_isRejected() {
        #expect(throws: JSON.Malformed.self) { try JSON([0x22, 0xFF, 0x22]) }
    }
}
