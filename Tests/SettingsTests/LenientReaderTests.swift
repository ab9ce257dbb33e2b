import Testing

@testable import Settings

struct LenientReaderTests {
    @Test(arguments: [
        ("0.0.0.0", SettingValue.bare("0.0.0.0")),
        ("  spaced out \r", .bare("spaced out")),
        ("mysql://u:p{x},[y]@h/d?a=b", .bare("mysql://u:p{x},[y]@h/d?a=b")),
        ("/a=b/c", .bare("/a=b/c")),
        ("\"a b\"", .text("a b")),
        ("'a'", .text("a")),
        (#""a\b""#, .text(#"a\b"#)),
        ("a\"b", .bare("a\"b")),
        ("[]", .list([])),
        ("{}", .table([:])),
        ("{ }", .table([:])),
        ("[a, b ,\"c,d\"]", .list([.bare("a"), .bare("b"), .text("c,d")])),
        ("{test=[foobar]}", .table(["test": .list([.bare("foobar")])])),
        ("{autopush=[quux]}", .table(["autopush": .list([.bare("quux")])])),
        ("{a=[x,y],b=z}", .table(["a": .list([.bare("x"), .bare("y")]), "b": .bare("z")])),
        (
            "{ a-1 = [ x , y ] , b_2 = \"z\" }",
            .table(["a-1": .list([.bare("x"), .bare("y")]), "b_2": .text("z")])
        ),
        ("{a=dG9rZW4=}", .table(["a": .bare("dG9rZW4=")])),
        ("{a=[]}", .table(["a": .list([])])),
        ("{a=007}", .table(["a": .bare("007")])),
    ])
    func value_isParsedWithoutQuotes(text: String, value: SettingValue) {
        #expect(LenientReader.read(text) == value)
    }

    @Test(arguments: [
        "", " ", "\"", "\"a", "'a", "\"a\"b\"", "{", "{}{", "[", "[a",
        "[a]b", "{a}",
        "{a=}", "{=a}", "{a=b", "{a=b}}", "{a=b,}", "{a=b,,c=d}", "{a=b c=d,}", "[a,]", "[,a]", "{a=[b}",
        "{a=[b]c}",
        "{a={b=c}}", "[[a]]", "{a=x,a=y}", "{a b=c}", "{ä=b}", "{a=\"b}", "{a=\"b\"c}", "[\"a\"b]", "{a:b}",
    ])
    func malformedValue_isRejected(text: String) {
        #expect(LenientReader.read(text) == nil)
    }

    @Test func nesting_costsNoStack() {
        for bracket in ["[", "{a=", "{"] {
            #expect(LenientReader.read(String(repeating: bracket, count: 100_000)) == nil)
        }
    }
}
