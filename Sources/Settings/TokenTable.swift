import Access
import Broadcasts
import TOML
import Time

/// Parses the tables `broadcaster_auth` and `reader_auth`: IDs, each with a token or a list of tokens.
enum TokenTable {
    static let expectation = #"a table of unique IDs with their tokens, such as { id = ["token"] }"#

    /// Returns the tokens by ID, or nil if the value is not a table. Throws a reason for every
    /// invalid ID and token.
    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> [String: [Token]]? {
        guard case .table(let entries) = value else { return nil }
        var tokens: [String: [Token]] = [:]
        var reasons: [String] = []
        for (id, value) in entries.sorted(by: { $0.key < $1.key }) {
            let values: [SettingValue] = if case .list(let list) = value { list } else { [value] }
            // In TOML, every line below a [section] belongs to it. A setting written there would become an
            // ID, and its value a token that is accepted.
            if SettingsTable.setting(id) != nil {
                reasons.append(
                    "contains the setting \(quoted(id)); settings must come before the first [section]")
            } else if BroadcasterID(id) == nil {
                reasons.append("expects IDs of 1 to 64 letters, digits, dashes or underscores")
            } else {
                reasons += values.compactMap { reason(against: $0, id: id) }
                tokens[id] = values.compactMap(token)
            }
        }
        guard reasons.isEmpty else { throw UnsuitableValue(reasons: reasons) }
        return tokens
    }

    /// The keys of a token that ends.
    private static let keys: Set<String> = ["token", "expires"]

    private static func token(_ value: SettingValue) -> Token? {
        guard case .table(let entries) = value else { return digest(of: value).map { Token($0) } }
        guard Set(entries.keys) == keys, let digest = entries["token"].flatMap(digest),
            case .dateTime(let expiry) = entries["expires"]
        else { return nil }
        return Token(digest, expiry: UnixTime(expiry))
    }

    private static func digest(of token: SettingValue) -> TokenDigest? {
        guard let token = token.text else { return nil }
        if token.hasPrefix("sha256:") { return TokenDigest(configured: token) }
        return TokenDigest.isToken(token) ? TokenDigest(token: token) : nil
    }

    /// Returns why a value is not a token, without quoting it; nil if it is one.
    private static func reason(against value: SettingValue, id: String) -> String? {
        guard token(value) == nil else { return nil }
        if case .table(let entries) = value {
            guard Set(entries.keys) == keys, let token = entries["token"] else {
                return "expects exactly the keys token and expires in a table for \(quoted(id))"
            }
            guard case .dateTime = entries["expires"] else {
                return """
                    expects a date and a time with an offset, such as 2027-01-31T00:00:00Z, as expires of a \
                    token of \(quoted(id))
                    """
            }
            return reason(against: token, id: id)
        }
        guard let text = value.text else {
            return "expects a quoted token or a list of quoted tokens for \(quoted(id))"
        }
        return text.hasPrefix("sha256:")
            ? "expects 64 hexadecimal digits after sha256: in a token of \(quoted(id))"
            : "expects printable ASCII without leading or trailing spaces in a token of "
                + quoted(id)
    }

    /// Renders the table with its tokens masked, and with their ends.
    static func show(_ tokens: [String: [Token]]) -> String {
        let entries = tokens.sorted { $0.key < $1.key }.map { id, tokens in
            let list = tokens.map { token in
                guard let expiry = token.expiry else { return "\"***\"" }
                return "{ token = \"***\", expires = \(text(expiry)) }"
            }
            return "\(quoted(id)) = [\(list.joined(separator: ", "))]"
        }
        return entries.isEmpty ? "{}" : "{ \(entries.joined(separator: ", ")) }"
    }

    /// Returns a time as in RFC 3339, in whole seconds.
    private static func text(_ time: UnixTime) -> String {
        let parts = CalendarTime(unixSeconds: time.seconds)
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let year =
            String(repeating: "0", count: max(0, 4 - String(parts.year).utf8.count)) + String(parts.year)
        return """
            \(year)-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute)):\
            \(two(parts.second))Z
            """
    }

    /// Returns the conflicts between the two tables, one line each: each ID and each token may occur only
    /// once.
    static func conflicts(in settings: Settings) -> [String] {
        var problems: [String] = []
        let tokens = settings.reloadable
        for id in tokens.broadcasterTokens.keys.sorted() where tokens.readerTokens[id] != nil {
            problems.append(
                "reader_auth expects IDs that are not in broadcaster_auth, but contains \(quoted(id))")
        }
        var owners: [TokenDigest: [String]] = [:]
        for (key, table) in [
            ("broadcaster_auth", settings.reloadable.broadcasterTokens),
            ("reader_auth", settings.reloadable.readerTokens),
        ] {
            for (id, tokens) in table {
                for digest in tokens.map(\.digest) {
                    owners[digest, default: []].append("\(key) \(quoted(id))")
                }
            }
        }
        let shared = owners.values.filter { $0.count > 1 }.map { $0.sorted() }
        for names in shared.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            problems.append(
                "\(names[0]) shares a token with \(names[1...].joined(separator: " and "))"
                    + "; expects each token only once")
        }
        return problems
    }
}

extension UnixTime {
    /// A time beyond the year 2262, which nanoseconds cannot express, becomes the last one that they can.
    fileprivate init(_ dateTime: TOMLDateTime) {
        let (nanoseconds, overflow) = dateTime.unixSeconds.multipliedReportingOverflow(by: 1_000_000_000)
        let limit: Int = dateTime.unixSeconds < 0 ? .min : .max
        self.init(nanoseconds: overflow ? limit : nanoseconds &+ dateTime.nanoseconds)
    }
}
