import Bytes
import Testing

@Suite struct SpanTests {
    @Test func firstControl_findsEveryControlCharacter_atAnyPosition() {
        for byte in UInt8.min...UInt8.max {
            let isControl = byte < 0x20 || byte == 0x7F
            for position in 0..<20 {
                // Neither neighboring bytes nor a second control character after it may change the result.
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

    @Test func equalsIgnoringCase_distinguishesNonLetters_thatDifferInTheCaseBit() {
        // `@` and backtick, `[` and `{`, CR and `-` differ only in bit 5, which is the case of letters.
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

    /// The overload that takes a span ignores the case of ASCII letters only.
    @Test func equalsIgnoringCase_ignoresTheCaseOfASCIILettersOnly() {
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
