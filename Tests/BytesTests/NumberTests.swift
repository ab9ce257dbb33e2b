import Bytes
import TestSupport
import Testing

/// Decimal and hexadecimal numbers and their digits.
@Suite struct NumberTests {
    private func decimal(_ number: Int) -> String {
        var bytes: [UInt8] = []
        bytes.appendDecimal(number)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func decimal_agreesWithString_aroundEveryPowerOfTen() {
        var power = 1
        for _ in 0..<19 {
            for number in [power - 1, power, power + 1, -power, 1 - power] {
                #expect(decimal(number) == String(number))
            }
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        for number in [Int.min, .min + 1, .max] { #expect(decimal(number) == String(number)) }
    }

    @Test(arguments: TestSeed.drawn(4)) func decimal_agreesWithString_forRandomNumbers(seed: TestSeed) {
        var generator = seed.generator
        for _ in 0..<1000 {
            let number =
                Int.random(in: .min ... .max, using: &generator) >> Int.random(in: 0..<64, using: &generator)
            #expect(decimal(number) == String(number))
        }
    }

    @Test(
        arguments: [
            (0, 1, "0"), (0, 3, "000"), (7, 3, "007"), (1234, 3, "1234"), (0, 20, "00000000000000000000"),
            (.max, 1, "18446744073709551615"), (.max, 20, "18446744073709551615"), (7, 0, "7"),
        ] as [(UInt, Int, String)])
    func decimal_hasLeadingZeros_upToItsDigits(number: UInt, digits: Int, expected: String) {
        var bytes = Array("t".utf8)
        bytes.appendDecimal(number, minimumDigits: digits)
        #expect(String(decoding: bytes, as: UTF8.self) == "t" + expected)
    }

    @Test(
        arguments: [
            (0, 1, "0"), (0, 2, "00"), (0xA, 2, "0a"), (0xABC, 2, "abc"), (.max, 16, "ffffffffffffffff"),
            (0, 16, "0000000000000000"), (0x10, 0, "10"),
        ] as [(UInt64, Int, String)])
    func hexadecimal_hasLeadingZeros_upToItsDigits(number: UInt64, digits: Int, expected: String) {
        #expect(hexadecimal(number, digits: digits) == expected)
    }

    @Test func digits_areASCIIDigitsOnly() {
        for byte in UInt8.min...UInt8.max {
            let character = Character(Unicode.Scalar(byte))
            let isASCII = byte < 0x80
            #expect(byte.decimalValue == (isASCII ? character.wholeNumberValue : nil))
            #expect(byte.isDecimalDigit == (byte.decimalValue != nil))
            #expect(byte.hexadecimalValue == (isASCII ? character.hexDigitValue : nil))
            #expect(byte.isLetterOrDigit == (isASCII && (character.isLetter || character.isNumber)))
            let lowercased = isASCII ? character.lowercased().utf8.first ?? byte : byte
            #expect(byte.lowercased == lowercased)
        }
        for value in 0..<16 as Range<UInt8> {
            #expect(UInt8.hexadecimalDigit(value).hexadecimalValue == Int(value))
            #expect(UInt8.hexadecimalDigit(value).lowercased == UInt8.hexadecimalDigit(value))
        }
    }

    @Test(arguments: [
        ("0", true), ("0123456789", true), ("", false), ("+1", false), ("-1", false), ("1 ", false),
        ("1.0", false), ("a", false), ("\u{661}", false), ("1\u{301}", false),
    ])
    func isDecimal_acceptsASCIIDigitsOnly(text: String, expected: Bool) {
        #expect(text.isDecimal == expected)
    }
}
