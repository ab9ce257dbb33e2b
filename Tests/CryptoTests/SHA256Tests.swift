import Crypto
import Testing

@Suite struct SHA256Tests {
    /// The examples for FIPS 180-4 published by NIST, and the empty message.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digest_isThatOfTheStandard(message: String, expected: String) {
        let bytes = Array(message.utf8)
        #expect(SHA256Digest(hashing: bytes.span).hexadecimal == expected)
    }

    @Test func digest_ofAMillionBytes_isThatOfTheStandard() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(
            SHA256Digest(hashing: bytes.span).hexadecimal
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Each thread uses its own context.
    @Test func digests_areCorrect_onConcurrentThreads() async {
        let digests = await withTaskGroup(of: String.self) { group in
            for _ in 0..<100 {
                group.addTask { SHA256Digest(hashing: Array("abc".utf8).span).hexadecimal }
            }
            return await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(digests == ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"])
    }
}
