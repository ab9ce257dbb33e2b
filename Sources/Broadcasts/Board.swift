internal import Bytes

/// All broadcasts of one read of the store, with the content of the board and of each broadcaster, encoded
/// once.
///
/// Immutable. Boards with the same rows have the same contents, on every node and after every restart.
package final class Board: Sendable {
    /// The rows in the store's order, so that `holds` can compare the rows of the next read one by one.
    package let rows: [BoardRow]
    /// The whole board: `{"code":200,"broadcasts":{"broadcaster/channel":"version",…}}`, the keys in the
    /// order of their bytes.
    package let content: Content

    /// The board as the broadcasters see it, with the versions that are held; nil if nothing is held.
    private let acceptedBoard: Board?
    /// Indices of `rows`, sorted by key. Of several rows with the same key, only one is included.
    private let order: [Int32]
    /// The contents of the broadcasters that have channels. IDs that break the rules are left out: no request
    /// can name them.
    private let broadcasters: [BroadcasterID: Content]

    /// The content of a broadcaster without channels.
    private static let empty = Content(body: Array(prefix.utf8) + Array(suffix.utf8))

    private static let prefix = #"{"code":200,"broadcasts":{"#
    private static let suffix = "}}"

    /// Renders the rows. Contents that equal those of `previous` are shared with it.
    package init(rows: [BoardRow], previous: Board? = nil) {
        self.rows = rows
        acceptedBoard =
            rows.contains { $0.held != nil }
            ? Board(rows: rows.map(\.accepted), previous: previous?.accepted) : nil
        let order = Self.order(of: rows)
        self.order = order
        var slices: Slices = [:]
        let body = Self.render(rows, order, &slices)
        let content = Content(body: body)
        self.content = content
        broadcasters = slices.reduce(into: [:]) { broadcasters, entry in
            let body = Self.join(entry.value, of: body)
            broadcasters[entry.key] =
                if let known = previous?.broadcasters[entry.key], known.body == body {
                    known
                } else {
                    body.count == content.body.count ? content : Content(body: body)
                }
        }
    }

    /// The board as the broadcasters see it: with the versions that were accepted last.
    package var accepted: Board { acceptedBoard ?? self }

    /// Number of channels whose latest version is held.
    package var heldCount: Int { acceptedBoard == nil ? 0 : rows.count { $0.held != nil } }

    /// Returns when the latest version of a channel is announced, in microseconds since 1970. Nil if it is on
    /// the board, or if there is no such channel.
    package func announceAt(of broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Int? {
        guard acceptedBoard != nil else { return nil }
        return find(broadcasterID, channelID).flatMap { rows[$0].held?.announceAt }
    }

    /// Returns the content of a broadcaster: its channels in the same form as the board.
    package func content(of broadcasterID: BroadcasterID) -> Content {
        broadcasters[broadcasterID] ?? Self.empty
    }

    /// Returns the version of a channel, or nil if there is no such channel.
    package func version(of broadcasterID: BroadcasterID, _ channelID: ChannelID) -> String? {
        find(broadcasterID, channelID).map { rows[$0].version }
    }

    /// Returns the content of a channel with a version: the channel in the same form as the board.
    package static func content(of channel: ChannelName, version: String) -> Content {
        var body = Array(prefix.utf8)
        body.append(
            BoardRow(
                broadcasterID: channel.broadcasterID.text, channelID: channel.channelID.text,
                version: version))
        body.append(contentsOf: suffix.utf8)
        return Content(body: body)
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
                && isSame(row.held, other.held)
        }
    }

    /// Returns whether there is a row of this channel.
    package func has(_ broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Bool {
        find(broadcasterID, channelID) != nil
    }

    /// Returns the index in `rows` of a channel, or nil if there is no such channel.
    private func find(_ broadcasterID: BroadcasterID, _ channelID: ChannelID) -> Int? {
        let wanted = BoardRow(broadcasterID: broadcasterID.text, channelID: channelID.text, version: "")
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            let comparison = Self.compareKeys(rows[Int(order[middle])], wanted)
            if comparison == 0 { return Int(order[middle]) }
            if comparison < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
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

    /// The ranges of each broadcaster's entries in the body of the board.
    private typealias Slices = [BroadcasterID: [Range<Int>]]

    /// Renders the whole board. Sets the ranges of each broadcaster's entries: several if another program has
    /// written IDs that contain a slash, whose keys may lie between.
    private static func render(_ rows: [BoardRow], _ order: [Int32], _ slices: inout Slices) -> [UInt8] {
        var body = Array(prefix.utf8)
        var broadcasterID = ""
        var start = body.count
        func endSlice() {
            if let id = BroadcasterID(broadcasterID) { slices[id, default: []].append(start..<body.count) }
        }
        for (index, place) in order.enumerated() {
            let row = rows[Int(place)]
            if !isSame(row.broadcasterID, broadcasterID) {
                endSlice()
                broadcasterID = row.broadcasterID
                start = index > 0 ? body.count + 1 : body.count
            }
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body.append(row)
        }
        endSlice()
        body.append(contentsOf: suffix.utf8)
        return body
    }

    /// Returns the content with the entries in these ranges of the board's body.
    private static func join(_ slices: [Range<Int>], of body: [UInt8]) -> [UInt8] {
        var joined = Array(prefix.utf8)
        for (index, slice) in slices.enumerated() {
            if index > 0 { joined.append(UInt8(ascii: ",")) }
            joined += body[slice]
        }
        joined.append(contentsOf: suffix.utf8)
        return joined
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

extension [UInt8] {
    /// Appends the entry of a row: `"broadcaster/channel":"version"`.
    fileprivate mutating func append(_ row: BoardRow) {
        append(UInt8(ascii: "\""))
        appendJSONEscaped(row.broadcasterID)
        append(UInt8(ascii: "/"))
        appendJSONEscaped(row.channelID)
        append(UInt8(ascii: "\""))
        append(UInt8(ascii: ":"))
        appendJSONString(row.version)
    }
}

/// Returns whether two texts have the same bytes.
private func isSame(_ left: String, _ right: String) -> Bool {
    compare(left.utf8.span, right.utf8.span) == 0
}

private func isSame(_ left: HeldVersion?, _ right: HeldVersion?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return left.announceAt == right.announceAt && isSame(left.version, right.version)
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
