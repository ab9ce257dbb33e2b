import Bytes
import TestSupport
import Testing

@Suite struct PercentCodingTests {
    @Test(arguments: [false, true]) func everyText_roundTrips(keepingSlashes: Bool) {
        for scalar in 0...0x2000 as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(scalar) else { continue }
            let text = "/\(scalar)%"
            let encoded = percentEncoded(text, keepingSlashes: keepingSlashes)
            #expect(percentDecoded(encoded.utf8) == Array(text.utf8))
        }
    }

    @Test(arguments: TestSeed.drawn(4)) func randomTexts_roundTrip(seed: TestSeed) {
        var generator = seed.generator
        for _ in 0..<500 {
            let count = Int.random(in: 0..<40, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(percentDecoded(percentEncoded(text).utf8) == Array(text.utf8))
        }
    }

    /// Unreserved characters are kept (RFC 3986 section 2.3), others become upper-case escapes (section 2.1).
    @Test func encoded_isUnreservedOrEscaped() {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
        #expect(percentEncoded(unreserved) == unreserved)
        for byte in 0..<0x80 as Range<UInt8> where !unreserved.utf8.contains(byte) {
            let high = UInt8.hexadecimalDigit(byte >> 4), low = UInt8.hexadecimalDigit(byte & 0xF)
            let expected = String(decoding: [high, low], as: UTF8.self).uppercased()
            #expect(percentEncoded(String(Unicode.Scalar(byte))) == "%\(expected)")
        }
        #expect(percentEncoded("é/ä") == "%C3%A9%2F%C3%A4")
        #expect(percentEncoded("é/ä", keepingSlashes: true) == "%C3%A9/%C3%A4")
    }

    @Test(arguments: [
        ("", ""), ("a+b", "a+b"), ("%41%5a%5A", "AZZ"), ("%2541", "%41"), ("%%34%31", nil), ("%25%34", "%4"),
        ("%", nil), ("%4", nil), ("%4g", nil), ("%g4", nil), ("% 4", nil), ("%+4", nil), ("a%", nil),
        ("%4%31", nil),
    ])
    func decoded_replacesEachEscapeOnce(text: String, expected: String?) {
        #expect(percentDecoded(text.utf8) == expected.map { Array($0.utf8) })
    }

    @Test func decoded_mayBeAnyByte() {
        #expect(percentDecoded("%00%ff%0A".utf8) == [0x00, 0xFF, 0x0A])
        #expect(percentDecoded([0xFF, 0x00]) == [0xFF, 0x00])
    }
}
