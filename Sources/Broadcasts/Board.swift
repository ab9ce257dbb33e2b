internal import Bytes
internal import Crypto

/// All broadcasts as one read of the store found them, with the answer to GET rendered once.
///
/// A board never changes; a changed one is another object. Boards of equal rows have equal bodies and entity
/// tags, on every node and after every restart.
package final class Board: Sendable {
    /// The rows in the order in which the store gave them, so that the next read compares with them as it
    /// comes.
    package let rows: [BoardRow]
    /// `{"code":200,"broadcasts":{"broadcaster/channel":"version",…}}`, the keys in the order of their bytes.
    package let body: [UInt8]
    /// The strong entity tag of the body, quotes included: its SHA-256 in hexadecimal (RFC 9110 section
    /// 8.8.3).
    package let entityTag: String

    /// The places of `rows` in the order of their keys, of which equal ones are left out.
    private let order: [Int32]

    package init(rows: [BoardRow]) {
        self.rows = rows
        let order = Self.order(of: rows)
        self.order = order
        let body = Self.render(rows, order)
        self.body = body
        entityTag = "\"\(SHA256Digest(hashing: body.span).hexadecimal)\""
    }

    /// Whether the rows are those of this board, byte for byte and in the same order.
    ///
    /// `String`'s own equality will not do: it takes differently composed accents for the same, and rows of
    /// another program may hold them.
    func holds(_ others: [BoardRow]) -> Bool {
        // Stores give the same array as before while nothing has changed.
        if isSame(rows, others) { return true }
        return rows.elementsEqual(others) { row, other in
            compare(row.version.utf8.span, other.version.utf8.span) == 0
                && compare(row.channelID.utf8.span, other.channelID.utf8.span) == 0
                && compare(row.broadcasterID.utf8.span, other.broadcasterID.utf8.span) == 0
        }
    }

    /// Whether there is a row of this channel.
    package func has(_ broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Bool {
        let wanted = BoardRow(broadcasterID: broadcasterID.text, channelID: channelID.text, version: "")
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            let comparison = Self.compareKeys(rows[Int(order[middle])], wanted)
            if comparison == 0 { return true }
            if comparison < 0 { low = middle + 1 } else { high = middle }
        }
        return false
    }

    private static func order(of rows: [BoardRow]) -> [Int32] {
        let sorted = rows.indices.sorted { precedes(rows[$0], rows[$1]) }
        var order: [Int32] = []
        order.reserveCapacity(sorted.count)
        for place in sorted {
            if let last = order.last, compareKeys(rows[Int(last)], rows[place]) == 0 { continue }
            order.append(Int32(place))
        }
        return order
    }

    private static func render(_ rows: [BoardRow], _ order: [Int32]) -> [UInt8] {
        var body = Array(#"{"code":200,"broadcasts":{"#.utf8)
        for (index, place) in order.enumerated() {
            let row = rows[Int(place)]
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body.append(UInt8(ascii: "\""))
            body.appendJSONEscaped(row.broadcasterID)
            body.append(UInt8(ascii: "/"))
            body.appendJSONEscaped(row.channelID)
            body.append(UInt8(ascii: "\""))
            body.append(UInt8(ascii: ":"))
            body.appendJSONString(row.version)
        }
        body.append(contentsOf: "}}".utf8)
        return body
    }

    /// The order of the body.
    ///
    /// Two rows can share a key when another program wrote ids with a slash in them (`a/b` + `c`, `a` +
    /// `b/c`). A key stands in the body once, so the order of such rows is fixed too and every node shows the
    /// same one.
    private static func precedes(_ left: BoardRow, _ right: BoardRow) -> Bool {
        let order = compareKeys(left, right)
        return order != 0 ? order < 0 : left.broadcasterID.utf8.count < right.broadcasterID.utf8.count
    }

    /// Below, at or above zero as the left key comes before, is, or comes after the right one.
    private static func compareKeys(_ left: BoardRow, _ right: BoardRow) -> Int {
        // Most neighbours have one broadcaster, and then their keys need not be put together.
        if compare(left.broadcasterID.utf8.span, right.broadcasterID.utf8.span) == 0 {
            return compare(left.channelID.utf8.span, right.channelID.utf8.span)
        }
        let leftKey = "\(left.broadcasterID)/\(left.channelID)"
        let rightKey = "\(right.broadcasterID)/\(right.channelID)"
        return compare(leftKey.utf8.span, rightKey.utf8.span)
    }
}

/// Below, at or above zero by the order of the bytes. Written out because `elementsEqual` and
/// `lexicographicallyPrecedes` take more than twice as long over a string's UTF-8, and each read of the store
/// comes by here.
private func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
        return Int(left[index]) - Int(right[index])
    }
    return left.count - right.count
}

/// Whether two arrays are one in memory.
private func isSame(_ left: [BoardRow], _ right: [BoardRow]) -> Bool {
    unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            unsafe left.baseAddress == right.baseAddress && left.count == right.count
        }
    }
}
