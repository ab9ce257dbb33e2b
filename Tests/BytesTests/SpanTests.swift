import Bytes
import Testing

@Suite struct SpanTests {
    @Test func firstControl_findsEveryControlCharacter_atAnyPosition() {
        for byte in UInt8.min...UInt8.max {
            let isControl = byte < 0x20 || byte == 0x7F
            for position in 0..<20 {
                // What follows the first control character must not matter, nor what neighbours it.
                for neighbour: UInt8 in [0x20, 0x7E, 0x80, 0xFF] {
                    var bytes = [UInt8](repeating: neighbour, count: 20)
                    bytes[position] = byte
                    if position + 1 < bytes.count { bytes[position + 1] = 0x0D }
                    let expected = isControl ? position : min(position + 1, bytes.count)
                    let found = bytes.span.firstControl(from: 0, to: bytes.count)
                    #expect(found == expected)
                }
            }
        }
    }

    @Test(arguments: [("host", true), ("HOST", true), ("hOsT", true), ("hos4", false), ("hos", false)])
    func equalsIgnoringCase_comparesLettersInAnyCase(text: String, expected: Bool) {
        let bytes = Array(text.utf8)
        let isEqual = bytes.span.equalsIgnoringCase("host", in: 0..<bytes.count)
        #expect(isEqual == expected)
    }

    @Test func equalsIgnoringCase_tellsApart_whatDiffersInTheBitOfCaseAlone() {
        // `@` and a backtick, `[` and `{`, `-` and carriage return differ in the bit that tells A from a.
        for (one, other): (UInt8, StaticString) in [(0x40, "`"), (0x5B, "{"), (0x0D, "-")] {
            let bytes = [one]
            let isEqual = bytes.span.equalsIgnoringCase(other, in: 0..<1)
            #expect(!isEqual)
        }
    }

    @Test(arguments: [("host", true), ("Host", false), ("hos", false), ("", false), ("hosts", false)])
    func equals_comparesEveryByte(text: String, expected: Bool) {
        let bytes = Array("<\(text)>".utf8)
        let isEqual = bytes.span.equals("host", in: 1..<bytes.count - 1)
        #expect(isEqual == expected)
    }

    /// The wanted text may be bytes too. Both forms agree for every byte.
    @Test func equalsIgnoringCase_agreesWithASCII_forEveryByte() {
        for byte in UInt8.min...UInt8.max {
            let bytes = [byte]
            for wanted in [UInt8(ascii: "a"), UInt8(ascii: "z"), UInt8(ascii: "{"), 0xE9] {
                let isSameLetter = (0x61...0x7A).contains(wanted) && byte == wanted - 0x20
                let isEqual = bytes.span.equalsIgnoringCase([wanted].span, in: 0..<1)
                #expect(isEqual == (byte == wanted || isSameLetter))
            }
        }
    }

    @Test func literal_isAppended_byteByByte() {
        var bytes: [UInt8] = [0x20]
        bytes.append("é\r\n")
        bytes.append("")
        #expect(bytes == [0x20, 0xC3, 0xA9, 0x0D, 0x0A])
        let literal: StaticString = "é\n"
        #expect((0..<3).map { literal.byte(at: $0) } == [0xC3, 0xA9, 0x0A])
    }
}
