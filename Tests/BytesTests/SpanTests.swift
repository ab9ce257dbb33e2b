import Bytes
import Testing

@Suite struct SpanTests {
    @Test func firstControl_findsEveryControlCharacter_whereverItStands() {
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
}
