import Broadcasts
import Testing

@Suite struct BroadcastTests {
    @Test(arguments: ["a", "Az09-_", "-", "____NOP____"])
    func identifiers_acceptURLSafeBase64(_ text: String) {
        #expect(BroadcasterID(text)?.text == text)
        #expect(ChannelID(text)?.text == text)
    }

    @Test func identifiers_rejectAnyOtherCharacter() {
        for text in ["", "a b", "a/b", "a.b", "a=", "a+", "é", "a\u{0}", "a\n", "a\u{7F}"] {
            #expect(BroadcasterID(text) == nil)
            #expect(ChannelID(text) == nil)
        }
    }

    @Test func identifiers_haveAMaximumLength() {
        func text(_ count: Int) -> String { String(repeating: "a", count: count) }
        #expect(BroadcasterID(text(64)) != nil)
        #expect(BroadcasterID(text(65)) == nil)
        #expect(ChannelID(text(128)) != nil)
        #expect(ChannelID(text(129)) == nil)
    }

    @Test func version_keepsEveryASCIIByte() throws {
        let all = Array(UInt8(0)..<0x80)
        #expect(try Array(Version(bytes: all).text.utf8) == all)
        #expect(try Version(bytes: Array("____NOP____".utf8)).text == "____NOP____")
        #expect(try Version(bytes: [UInt8](repeating: 0x61, count: 200)).text.utf8.count == 200)
    }

    @Test(
        arguments: [
            ([], .outOfRange), ([UInt8](repeating: 0x61, count: 201), .outOfRange),
            (Array("é".utf8), .outOfRange), ([0xFF], .notText), ([0x61, 0xC3], .notText),
        ] as [([UInt8], VersionError)])
    func version_rejectsInvalidBytes(_ bytes: [UInt8], _ error: VersionError) {
        #expect(throws: error) { try Version(bytes: bytes) }
    }
}
