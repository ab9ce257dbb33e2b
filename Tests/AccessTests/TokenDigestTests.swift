import Access
import Testing

@Suite struct TokenDigestTests {
    /// SHA-256 of "foobar", from `printf foobar | sha256sum`.
    private let foobar = "sha256:c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"

    @Test func digest_isTheSame_fromTextBytesAndConfiguredForm() throws {
        let digest = TokenDigest(token: "foobar")
        #expect(digest == TokenDigest(token: Array("xfoobar".utf8)[1...]))
        #expect(digest == TokenDigest(configured: foobar))
        #expect(digest == TokenDigest(configured: "sha256:" + foobar.dropFirst(7).uppercased()))
        #expect(digest.configured == foobar)
        #expect(digest.hashValue == TokenDigest(configured: foobar)?.hashValue)
        #expect(TokenDigest(token: "") != digest)
    }

    @Test func configured_keepsLeadingZeros() {
        let text = "sha256:" + String(repeating: "0", count: 63) + "7"
        #expect(TokenDigest(configured: text)?.configured == text)
    }

    @Test func equality_comparesEveryDigit() {
        let digest = TokenDigest(configured: foobar)
        for index in 7..<71 {
            var characters = Array(foobar)
            characters[index] = characters[index] == "0" ? "1" : "0"
            #expect(TokenDigest(configured: String(characters)) != digest)
        }
    }

    @Test(arguments: [
        "", "sha256:", "foobar", "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
        "SHA256:c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
        "sha256:c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f",
        "sha256:c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f20",
        "sha256:g3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
        "sha256: 3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
        "sha256:é3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f",
    ])
    func configured_isNil_forAnyOtherForm(_ text: String) {
        #expect(TokenDigest(configured: text) == nil)
    }

    @Test func digest_isHidden_whenPrinted() {
        let digest = TokenDigest(token: "foobar")
        var dumped = ""
        dump(digest, to: &dumped)
        for shown in ["\(digest)", String(reflecting: digest), "\([digest])", dumped] {
            #expect(!shown.contains("c3ab"))
            #expect(!shown.contains { $0.isNumber })
        }
    }
}
