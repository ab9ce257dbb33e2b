import Broadcasts
import TestSupport
import Testing

@Suite struct BoardTests {
    private func row(_ broadcasterID: String, _ channelID: String, _ version: String = "v") -> BoardRow {
        BoardRow(broadcasterID: broadcasterID, channelID: channelID, version: version)
    }

    private func body(_ rows: BoardRow...) -> String {
        String(decoding: Board(rows: rows).content.body, as: UTF8.self)
    }

    @Test func body_isTheContentOfTheResponseToGET() {
        #expect(body() == #"{"code":200,"broadcasts":{}}"#)
        #expect(
            body(row("test", "broadcast1", "v3")) == #"{"code":200,"broadcasts":{"test/broadcast1":"v3"}}"#)
    }

    @Test(arguments: TestSeed.drawn()) func keys_areSortedByTheirBytes(seed: TestSeed) {
        let expected = #"{"code":200,"broadcasts":{"B/a":"v","a-b/c":"v","a/B":"v","a/b":"v","a_/a":"v"}}"#
        let rows = [row("a", "b"), row("a_", "a"), row("a-b", "c"), row("B", "a"), row("a", "B")]
        var generator = seed.generator
        for _ in 0..<10 {
            #expect(
                String(decoding: Board(rows: rows.shuffled(using: &generator)).content.body, as: UTF8.self)
                    == expected)
        }
    }

    /// SHA-256 from `printf '{"code":200,"broadcasts":{}}' | sha256sum`.
    @Test func entityTag_isTheDigestOfTheBody() {
        #expect(
            Board(rows: []).content.entityTag
                == "\"133c8478ae61186ae4913a520377d15eeb253146d42f8d007a6ae7a0ede92be3\"")
    }

    @Test func entityTag_isEqual_onlyForEqualBodies() {
        let board = Board(rows: [row("a", "b"), row("c", "d")])
        #expect(Board(rows: [row("c", "d"), row("a", "b")]).content.entityTag == board.content.entityTag)
        #expect(
            Board(rows: [row("a", "b"), row("c", "d", "w")]).content.entityTag != board.content.entityTag)
        #expect(Board(rows: [row("a", "b")]).content.entityTag != board.content.entityTag)
    }

    @Test func body_escapesOnlyWhatJSONRequires() {
        let escapes = [
            "\"": #"\""#, "\\": #"\\"#, "/": "/", "\u{8}\u{9}\u{A}\u{C}\u{D}": #"\b\t\n\f\r"#,
            "\u{0}\u{1}\u{1F}": #"\u0000\u0001\u001f"#, "\u{7F}": "\u{7F}", "é😀": "é😀",
            "\u{2028}\u{FFFD}": "\u{2028}\u{FFFD}", "</script>": "</script>", "e\u{301}": "e\u{301}",
        ]
        for (text, escaped) in escapes {
            let expected = #"{"code":200,"broadcasts":{"\#(escaped)/\#(escaped)":"\#(escaped)"}}"#
            #expect(Array(body(row(text, text, text)).utf8) == Array(expected.utf8))
        }
    }

    @Test(arguments: TestSeed.drawn()) func key_appearsOnce_whenRowsShareIt(seed: TestSeed) {
        let rows = [
            row("a/b", "c", "long"), row("a", "b/c", "short"), row("a", "b", "v"), row("a", "b", "v"),
        ]
        var generator = seed.generator
        for _ in 0..<10 {
            #expect(
                String(decoding: Board(rows: rows.shuffled(using: &generator)).content.body, as: UTF8.self)
                    == #"{"code":200,"broadcasts":{"a/b":"v","a/b/c":"short"}}"#)
        }
    }

    @Test func body_includesNonconformingRows() {
        #expect(body(row("", "")) == #"{"code":200,"broadcasts":{"/":"v"}}"#)
        let long = String(repeating: "x", count: 1000)
        #expect(body(row(long, long, "")) == #"{"code":200,"broadcasts":{"\#(long)/\#(long)":""}}"#)
    }

    // MARK: - Views

    private func content(_ board: Board, _ broadcaster: String) throws -> String {
        let content = board.content(of: try #require(BroadcasterID(broadcaster)))
        return String(decoding: content.body, as: UTF8.self)
    }

    @Test(arguments: TestSeed.drawn()) func broadcaster_isABoardOfItsRows(seed: TestSeed) throws {
        var generator = seed.generator
        for _ in 0..<50 {
            let rows = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                row(
                    ["a", "ab", "a-", "a0", "b"].randomElement(using: &generator) ?? "",
                    ["c", "d", "-", "e"].randomElement(using: &generator) ?? "",
                    ["v", "w"].randomElement(using: &generator) ?? "")
            }
            let unique = Dictionary(rows.map { ("\($0.broadcasterID)/\($0.channelID)", $0) }) { first, _ in
                first
            }
            let board = Board(rows: Array(unique.values))
            for broadcaster in ["a", "ab", "a-", "a0", "b", "x"] {
                let own = Board(rows: unique.values.filter { $0.broadcasterID == broadcaster })
                #expect(try content(board, broadcaster) == String(decoding: own.content.body, as: UTF8.self))
                let id = try #require(BroadcasterID(broadcaster))
                #expect(board.content(of: id).entityTag == own.content.entityTag)
                for row in own.rows {
                    let channelID = try #require(ChannelID(row.channelID))
                    #expect(board.version(of: id, channelID) == row.version)
                    let channel = Board.content(of: ChannelName(id, channelID), version: row.version)
                    #expect(channel.entityTag == Board(rows: [row]).content.entityTag)
                }
            }
        }
    }

    /// Rows of other programs, whose keys lie between those of a broadcaster, or whose IDs only look equal.
    @Test func broadcaster_hasNoRowsOfOthers() throws {
        let board = Board(rows: [
            row("a", "b"), row("a/b", "c"), row("a", "z"), row("K", "ascii"), row("\u{212A}", "kelvin"),
        ])
        #expect(try content(board, "a") == #"{"code":200,"broadcasts":{"a/b":"v","a/z":"v"}}"#)
        #expect(try content(board, "K") == #"{"code":200,"broadcasts":{"K/ascii":"v"}}"#)
    }

    @Test func unchangedBroadcaster_keepsItsContent() throws {
        let (a, b) = (try #require(BroadcasterID("a")), try #require(BroadcasterID("b")))
        let first = Board(rows: [row("a", "c"), row("b", "c")])
        let second = Board(rows: [row("a", "c"), row("b", "c", "w")], previous: first)
        #expect(second.content(of: a) === first.content(of: a))
        #expect(second.content(of: b) !== first.content(of: b))
    }
}
