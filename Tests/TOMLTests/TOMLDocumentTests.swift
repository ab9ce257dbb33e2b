import Testing

@testable import TOML

struct TOMLDocumentTests {
    private func values(_ text: String) -> [String: TOMLValue] {
        Dictionary(uniqueKeysWithValues: TOMLDocument(text).entries.map { ($0.key, $0.value) })
    }

    private func error(_ text: String) -> TOMLError? {
        TOMLDocument(text).problems.first
    }

    @Test(arguments: [
        ("0", TOMLValue.integer(0)), ("-0", .integer(0)), ("+99", .integer(99)), ("1_000", .integer(1000)),
        ("0xdead_BEEF", .integer(0xDEAD_BEEF)), ("0o755", .integer(0o755)), ("0b1101", .integer(13)),
        ("-9223372036854775808", .integer(.min)), ("9223372036854775807", .integer(.max)),
        ("9223372036854775808", .other), ("true", .boolean(true)), ("false", .boolean(false)),
        ("1.5", .other), ("-1e10", .other), ("6.26e-34", .other), ("inf", .other), ("-nan", .other),
        ("2026-04-01", .other), ("12:30:00", .other),
        (#""""#, .string("")), (#""a # b""#, .string("a # b")), (#"'C:\a'"#, .string(#"C:\a"#)),
        ("''", .string("")),
        (#""\b\t\n\f\r\"\\""#, .string("\u{8}\t\n\u{C}\r\"\\")), (#""\u00e9\U0001F600""#, .string("é😀")),
        ("\"ü€\"", .string("ü€")), ("\"\"\"\na\nb\"\"\"", .string("a\nb")),
        ("\"\"\"\r\na\"\"\"", .string("a")),
        ("'''a\\'b'''", .string("a\\'b")), ("\"\"\"a \\\n  \n  b\"\"\"", .string("a b")),
        ("\"\"\"\"a\"\" b\"\"\"\"\"", .string("\"a\"\" b\"\"")), ("\"\"\"\"\"\"", .string("")),
        ("[]", .array([])),
        ("[ 1, \"a\" , [ true ] ]", .array([.integer(1), .string("a"), .array([.boolean(true)])])),
        ("[ # a\n 1, # b\n 2,\n]", .array([.integer(1), .integer(2)])), ("{}", .table([:])),
        ("{ a = 1, \"b c\" = '2' }", .table(["a": .integer(1), "b c": .string("2")])),
        ("{ a.b = 1, a.c = 2 }", .table(["a": .table(["b": .integer(1), "c": .integer(2)])])),
        ("{\n a = 1,\n}", .table(["a": .integer(1)])),
    ])
    func value_isParsed(text: String, value: TOMLValue) throws {
        #expect(values("x = \(text)\r\ny=1") == ["x": value, "y": .integer(1)])
        #expect(TOMLReader.value(of: " \(text) # comment") == value)
    }

    @Test(arguments: [
        "", "=", "a", "TRUE", "tru", "truefoobar", "\"", "\"a", "'a", "\"a\nb\"", "'a\nb'", "\"\"\"a",
        "\"\"\"a\"\"", "\"\"\"a\"\"\"\"\"\"", "'''a''",
        #""\a""#, #""\u12""#, #""\u12"#, #""\ud800""#, #""\U00110000""#, #""\x41""#, "\"\u{1}\"", "'\u{7F}'",
        "\"\\",
        "1_", "_1", "1__0", "0_x", "01", "-01", "+0x1", "0x", "0xg", "0X1", "0o8", "0b2", "--1", "1 2", "1a",
        "0777",
        "[", "[1", "[1 2]", "[,]", "[1,,2]", "]", "[1]]", "{", "{a}", "{a=}", "{a=1", "{a=1 b=2}", "{,}",
        "{a=1,,b=2}",
        "{a=1,a=2}", "{a=1,a.b=2}", "{=1}", "}", "#", ".5", "5.e", "a.b", "\"a\" b", "\"a\"\"b\"", "1\r2",
        "*", "(1)",
    ])
    func malformedValue_isRejected(text: String) {
        let document = "x = \(text)\n"
        // Malformed fractions and dates may be accepted, because no setting has a value of these types.
        if TOMLNumber.looksLikeFractionOrDate(text) { return }
        #expect(error(document) != nil)
        #expect(TOMLReader.value(of: text) == nil)
    }

    @Test func keysAndSections_makeTables() throws {
        #expect(
            values(
                """
                # A comment.
                a = 1
                b . "c d" . 'e' = 2   # Another.
                "" = 3
                1-2_x = 4
                [ s . t ]
                u = 5
                [s]
                v = 6
                [s.w.x]
                """)
                == [
                    "a": .integer(1), "b": .table(["c d": .table(["e": .integer(2)])]), "": .integer(3),
                    "1-2_x": .integer(4),
                    "s": .table([
                        "t": .table(["u": .integer(5)]), "v": .integer(6), "w": .table(["x": .table([:])]),
                    ]),
                ])
    }

    @Test func entries_keepTheOrderOfTheFile_withTheirLines() throws {
        let entries = TOMLDocument(
            "\u{FEFF}\n\nb = 1\r\n\na = \"\"\"\n\n\"\"\"\nc.d = 1\nc.e = 2\n[z]\n[y]"
        ).entries
        #expect(entries.map(\.key) == ["b", "a", "c", "z", "y"])
        #expect(entries.map(\.line) == [3, 5, 8, 10, 11])
    }

    @Test(arguments: [
        ("a = 1\na = 2", 2, 1), ("a = 1\n[a]", 2, 1), ("[a]\n[a]", 2, 1), ("a.b = 1\na = 2", 2, 1),
        ("a = 1\na.b = 2", 2, 1), ("a = { b = 1 }\na.c = 2", 2, 1), ("a = { b = 1 }\n[a]", 2, 1),
        ("[a]\nb = 1\n[a.b]", 3, 1), ("[a]\nb = 1\n b = 2", 3, 2), ("ü = 1", 1, 1), ("a = \"ü\" b", 1, 9),
        ("a\n= 1", 1, 2), ("a = \n1", 1, 5), ("[a] b = 1", 1, 5), ("[a", 1, 3), ("[a\n]", 1, 3), ("[]", 1, 2),
        ("[[a]]", 1, 2), ("[", 1, 2), ("[\n", 1, 2), ("[ä]", 1, 2), ("[,]", 1, 2), (".a = 1", 1, 1),
        ("a. = 1", 1, 4),
        ("a..b = 1", 1, 3), ("= 1", 1, 1), ("a = 1 b = 2", 1, 7), ("a = [\n1\n2]", 3, 1),
        ("\"a\nb\" = 1", 1, 3),
        ("\"\"\"a\"\"\" = 1", 1, 3), ("\u{0}", 1, 1), ("a = 1\rb = 2", 1, 6),
    ])
    func syntaxError_hasItsPosition(text: String, line: Int, column: Int) {
        let error = error(text)
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test func nesting_isBounded() {
        for bracket in ["[", "{a=", "a."] {
            #expect(error("a = " + String(repeating: bracket, count: 100_000)) != nil)
        }
        #expect(error(String(repeating: "a.", count: 100_000) + "a = 1") != nil)
        #expect(error("[" + String(repeating: "a.", count: 100_000) + "a]") != nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func largeFile_isParsedInTime() throws {
        let keys = (0..<20_000).map { "k\($0) = 1" }.joined(separator: "\n")
        #expect(values("[s]\n" + keys).count == 1)
        #expect(values(keys).count == 20_000)
        let elements = String(repeating: "1,", count: 50_000)
        #expect(error("a = [\(elements)") != nil)
    }

    @Test func everyShortText_isParsedWithoutACrash() {
        let pieces = ["a", "=", "{", "}", "[", "]", "\"", "'", ",", "\n", ".", "#", "\\"]
        var texts = [""]
        for _ in 0..<4 {
            texts = texts.flatMap { text in pieces.map { text + $0 } }
            for text in texts { _ = TOMLDocument(text) }
        }
    }
}
