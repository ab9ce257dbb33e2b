import Testing

@testable import Bytes

@Suite struct Base64Tests {
    /// The test vectors of RFC 4648 section 10, and every digit.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func text_isEncodedAsInRFC4648(text: String, encoded: String) {
        #expect(base64(Array(text.utf8)) == encoded)
    }

    @Test func allDigits_areUsed() {
        var bytes: [UInt8] = []
        for group in 0..<16 {
            let digits = (0..<4).map { 4 * group + $0 }
            let bits = digits.reduce(0) { $0 << 6 | $1 }
            bytes += [UInt8(bits >> 16), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
        }
        #expect(base64(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    }
}
