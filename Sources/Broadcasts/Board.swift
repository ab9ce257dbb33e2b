import Crypto

/// All broadcasts as one read of the store found them, with the answer to GET rendered once.
///
/// A board never changes; a changed one is another object. Boards of equal rows have equal bodies and entity tags,
/// on every node and after every restart.
package final class Board: Sendable {
    /// The rows in the order in which the store gave them, so that the next read compares with them as it comes.
    package let rows: [BoardRow]
    /// `{"code":200,"broadcasts":{"broadcaster/channel":"version",…}}`, the keys in the order of their bytes.
    package let body: [UInt8]
    /// The strong entity tag of the body, quotes included: its SHA-256 in hexadecimal (RFC 9110 section 8.8.3).
    package let entityTag: String

    package init(rows: [BoardRow]) {
        self.rows = rows
        body = Self.render(rows)
        entityTag = "\"" + SHA256.hash(data: body).map(Self.hexadecimal).joined() + "\""
    }

    /// Whether the rows are those of this board, byte for byte and in the same order.
    ///
    /// `String`'s own equality will not do: it takes differently composed accents for the same, and rows of
    /// another program may hold them.
    func holds(_ others: [BoardRow]) -> Bool {
        rows.elementsEqual(others) { row, other in
            row.version.utf8.elementsEqual(other.version.utf8)
                && row.channelID.utf8.elementsEqual(other.channelID.utf8)
                && row.broadcasterID.utf8.elementsEqual(other.broadcasterID.utf8)
        }
    }

    private static func render(_ rows: [BoardRow]) -> [UInt8] {
        var body = Array(#"{"code":200,"broadcasts":{"#.utf8)
        var previous: [UInt8]?
        for (key, row) in sortedByKey(rows) where key != previous {
            if previous != nil { body.append(UInt8(ascii: ",")) }
            body.append(UInt8(ascii: "\""))
            body.appendJSONEscaped(row.broadcasterID)
            body.append(UInt8(ascii: "/"))
            body.appendJSONEscaped(row.channelID)
            body.append(UInt8(ascii: "\""))
            body.append(UInt8(ascii: ":"))
            body.appendJSONString(row.version)
            previous = key
        }
        body.append(contentsOf: "}}".utf8)
        return body
    }

    /// The rows with the bytes of their keys, in the order of these.
    ///
    /// Two rows can share a key when another program wrote ids with a slash in them (`a/b` + `c`, `a` + `b/c`). A key
    /// stands in the body once, so the order of such rows is fixed too and every node shows the same one.
    private static func sortedByKey(_ rows: [BoardRow]) -> [(key: [UInt8], row: BoardRow)] {
        rows.map { row in
            (Array(row.broadcasterID.utf8) + [UInt8(ascii: "/")] + Array(row.channelID.utf8), row)
        }
        .sorted { left, right in
            if left.key != right.key { return left.key.lexicographicallyPrecedes(right.key) }
            return left.row.broadcasterID.utf8.count < right.row.broadcasterID.utf8.count
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }
}
