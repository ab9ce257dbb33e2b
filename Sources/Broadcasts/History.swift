/// One entry of a channel's history.
package struct HistoryEntry: Hashable, Sendable {
    /// Increases with each change. Nil for a change that another program made.
    package let id: Int?
    /// Nil for a deletion.
    package let version: String?
    /// The version that was replaced; nil if there was none.
    package let previous: String?
    /// The time of the database's clock as in RFC 3339, UTC, in milliseconds. Nil if it is unknown.
    package let time: String?
    /// Nil for a change that another program made.
    package let requestID: String?
    /// When the version was to be announced, in microseconds since 1970, if a rule of `hold_back` applied. A
    /// later change may have replaced or cancelled it or brought it forward.
    package let announceAt: Int?

    package init(
        id: Int?, version: String?, previous: String?, time: String?, requestID: String?,
        announceAt: Int? = nil
    ) {
        self.announceAt = announceAt
        self.id = id
        self.version = version
        self.previous = previous
        self.time = time
        self.requestID = requestID
    }
}

/// What to read of a channel's history.
package struct HistoryQuery: Hashable, Sendable {
    package let channel: ChannelName
    /// Maximum number of entries.
    package let limit: Int
    /// Only entries with a smaller ID; nil for the newest ones.
    package let before: Int?

    package init(_ channel: ChannelName, limit: Int, before: Int?) {
        self.channel = channel
        self.limit = limit
        self.before = before
    }
}

/// A part of a channel's history, newest entry first.
package struct HistoryPage: Hashable, Sendable {
    package let entries: [HistoryEntry]
    /// Whether there are older entries.
    package let hasMore: Bool
}

/// The row of a channel and its entries, as one read of a store returns them.
package struct HistoryRead: Sendable {
    /// The channel; nil if it does not exist.
    package var row: (version: String, updated: String?)?
    /// At most `limit + 1` entries, newest first.
    package var entries: [HistoryEntry] = []
    /// Whether the channel has any entry.
    package var hasEntries = false

    package init() {}

    /// Returns the page, or nil if there is neither a channel nor an entry of it.
    ///
    /// If the channel has another version than the newest entry, another program made the latest change. The
    /// first page then begins with an entry for it.
    package func page(_ query: HistoryQuery) -> HistoryPage? {
        guard row != nil || hasEntries else { return nil }
        var page = Array(entries.prefix(query.limit))
        if query.before == nil {
            let newest = entries.first?.version
            if !isSame(row?.version, newest) {
                page.insert(
                    HistoryEntry(
                        id: nil, version: row?.version, previous: newest, time: row?.updated, requestID: nil),
                    at: 0)
            }
        }
        return HistoryPage(entries: page, hasMore: entries.count > query.limit)
    }

    private func isSame(_ left: String?, _ right: String?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.utf8.elementsEqual(right.utf8)
    }
}

extension HistoryEntry {
    /// Converts a time of a database, `2026-11-25 21:04:05` with or without a fraction, to RFC 3339 with
    /// milliseconds. Nil for any other text, and for the zero date of MySQL.
    package static func time(fromSQL text: String) -> String? {
        let bytes = Array(text.utf8)
        let form = "dddd-dd-dd?dd:dd:dd"
        guard bytes.count >= form.utf8.count, !text.hasPrefix("0000") else { return nil }
        for (byte, expected) in zip(bytes, form.utf8) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            switch expected {
            case UInt8(ascii: "d"): guard isDigit else { return nil }
            case UInt8(ascii: "?"):
                guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "T") else { return nil }
            default: guard byte == expected else { return nil }
            }
        }
        let rest = text.dropFirst(form.utf8.count).drop { $0 == "." }
        let fraction = (rest.prefix { $0.isASCII && $0.isNumber } + "000").prefix(3)
        return "\(text.prefix(10))T\(text.dropFirst(11).prefix(8)).\(fraction)Z"
    }
}
