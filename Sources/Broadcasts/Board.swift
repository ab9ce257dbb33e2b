internal import Bytes
internal import Crypto

/// All broadcasts of one read of the store, with the body of the response to GET, encoded once.
///
/// Immutable. Boards with the same rows have the same body and entity tag, on every node and after every
/// restart.
package final class Board: Sendable {
    /// The rows in the store's order, so that `holds` can compare the rows of the next read one by one.
    package let rows: [BoardRow]
    /// `{"code":200,"broadcasts":{"broadcaster/channel":"version",…}}`, the keys in the order of their bytes.
    package let body: [UInt8]
    /// The strong entity tag of the body, quotes included: its SHA-256 in hexadecimal (RFC 9110 section
    /// 8.8.3).
    package let entityTag: String

    /// Indices of `rows`, sorted by key. Of several rows with the same key, only one is included.
    private let order: [Int32]

    package init(rows: [BoardRow]) {
        self.rows = rows
        let order = Self.order(of: rows)
        self.order = order
        let body = Self.render(rows, order)
        self.body = body
        entityTag = "\"\(SHA256Digest(hashing: body.span).hexadecimal)\""
    }

    /// Returns whether the rows are those of this board, byte for byte and in the same order.
    ///
    /// Does not use `String` equality, which treats canonically equivalent texts as equal: rows of other
    /// programs may contain such texts.
    func holds(_ others: [BoardRow]) -> Bool {
        // A store returns the same array while the rows are unchanged.
        if isSame(rows, others) { return true }
        return rows.elementsEqual(others) { row, other in
            compare(row.version.utf8.span, other.version.utf8.span) == 0
                && compare(row.channelID.utf8.span, other.channelID.utf8.span) == 0
                && compare(row.broadcasterID.utf8.span, other.broadcasterID.utf8.span) == 0
        }
    }

    /// Returns whether there is a row of this channel.
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

    /// Returns whether the left row precedes the right one in the body.
    ///
    /// Two rows have the same key if another program wrote IDs that contain a slash (`a/b` + `c`, `a` +
    /// `b/c`). The body contains each key once: the row with the shorter broadcaster ID, so that every node
    /// serves the same one.
    private static func precedes(_ left: BoardRow, _ right: BoardRow) -> Bool {
        let order = compareKeys(left, right)
        return order != 0 ? order < 0 : left.broadcasterID.utf8.count < right.broadcasterID.utf8.count
    }

    /// Returns a number below, at or above zero if the left key is less than, equal to or greater than the
    /// right one.
    private static func compareKeys(_ left: BoardRow, _ right: BoardRow) -> Int {
        // Most compared rows have the same broadcaster, and then the keys need not be built.
        if compare(left.broadcasterID.utf8.span, right.broadcasterID.utf8.span) == 0 {
            return compare(left.channelID.utf8.span, right.channelID.utf8.span)
        }
        let leftKey = "\(left.broadcasterID)/\(left.channelID)"
        let rightKey = "\(right.broadcasterID)/\(right.channelID)"
        return compare(leftKey.utf8.span, rightKey.utf8.span)
    }
}

/// Compares bytes. Returns a number below, at or above zero. Every read of the store calls it:
/// `elementsEqual` and `lexicographicallyPrecedes` take more than twice as long on a string's UTF-8.
private func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
        return Int(left[index]) - Int(right[index])
    }
    return left.count - right.count
}

/// Returns whether two arrays share their storage.
private func isSame(_ left: [BoardRow], _ right: [BoardRow]) -> Bool {
    unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            unsafe left.baseAddress == right.baseAddress && left.count == right.count
        }
    }
}
