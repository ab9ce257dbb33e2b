import TOML
import Testing

@Suite struct TOMLDateTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0, 0), ("2027-01-31T00:00:00Z", 1_801_353_600, 0),
        ("2027-01-31 00:00:00z", 1_801_353_600, 0), ("2027-01-31t01:30:00+01:30", 1_801_353_600, 0),
        ("2027-01-30T23:00:00-01:00", 1_801_353_600, 0), ("2024-02-29T12:00:00Z", 1_709_208_000, 0),
        ("2000-02-29T00:00:00Z", 951_782_400, 0), ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ("1970-01-01T00:00:00.123456789123Z", 0, 123_456_789), ("2016-12-31T23:59:60Z", 1_483_228_800, 0),
        ("0000-01-01T00:00:00Z", -62_167_219_200, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
    ])
    func offsetDateTime_isParsed(text: String, seconds: Int, nanoseconds: Int) throws {
        let time = try #require(TOMLDateTime(text))
        #expect(time.unixSeconds == seconds && time.nanoseconds == nanoseconds)
        let document = TOMLDocument("a = \(text) # comment\nb = [\(text),{c=\(text)}]")
        #expect(document.problems.isEmpty)
        #expect(
            document.entries.map(\.value) == [
                .dateTime(time), .array([.dateTime(time), .table(["c": .dateTime(time)])]),
            ])
    }

    @Test(arguments: [
        "2027-01-31T00:00:00", "2027-01-31", "00:00:00", "2027-01-31 00:00:00", "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z", "2027-04-31T00:00:00Z",
        "2027-01-00T00:00:00Z", "2027-01-31T24:00:00Z", "2027-01-31T00:60:00Z", "2027-01-31T00:00:61Z",
        "2027-01-31T00:00:00.Z", "2027-01-31T00:00:00+1:00", "2027-01-31T00:00:00+24:00",
        "2027-01-31T00:00:00+00:60", "2027-01-31T00:00:00ZZ", "2027-01-31T00:00Z", "27-01-31T00:00:00Z",
        "2027-1-31T00:00:00Z", "2027-01-31T00:00:00+0100", "", "-2027-01-31T00:00:00Z",
    ])
    func otherText_isNoOffsetDateTime(text: String) {
        #expect(TOMLDateTime(text) == nil)
    }
}
