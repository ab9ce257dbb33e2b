import Access
import Broadcasts
import TOML

/// Parses the tables `broadcaster_auth` and `reader_auth`: IDs, each with a token or a list of tokens.
enum TokenTable {
    static let expectation = #"a table of unique IDs with their tokens, such as { id = ["token"] }"#

    /// Returns the digests of the tokens by ID, or nil if the value is not a table. Throws a reason for every
    /// invalid ID and token.
    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> [String: [TokenDigest]]? {
        guard case .table(let entries) = value else { return nil }
        var digests: [String: [TokenDigest]] = [:]
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
                digests[id] = values.compactMap(digest)
            }
        }
        guard reasons.isEmpty else { throw UnsuitableValue(reasons: reasons) }
        return digests
    }

    private static func digest(of token: SettingValue) -> TokenDigest? {
        guard let token = token.text else { return nil }
        if token.hasPrefix("sha256:") { return TokenDigest(configured: token) }
        return TokenDigest.isToken(token) ? TokenDigest(token: token) : nil
    }

    /// Returns why a value is not a token, without quoting it; nil if it is one.
    private static func reason(against token: SettingValue, id: String) -> String? {
        guard digest(of: token) == nil else { return nil }
        guard let text = token.text else {
            return "expects a quoted token or a list of quoted tokens for \(quoted(id))"
        }
        return text.hasPrefix("sha256:")
            ? "expects 64 hexadecimal digits after sha256: in a token of \(quoted(id))"
            : "expects printable ASCII without leading or trailing spaces in a token of "
                + quoted(id)
    }

    /// Renders the table with its tokens masked.
    static func show(_ tokens: [String: [TokenDigest]]) -> String {
        let entries = tokens.sorted { $0.key < $1.key }.map { id, digests in
            "\(quoted(id)) = [\(digests.map { _ in "\"***\"" }.joined(separator: ", "))]"
        }
        return entries.isEmpty ? "{}" : "{ \(entries.joined(separator: ", ")) }"
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
            for (id, digests) in table {
                for digest in digests { owners[digest, default: []].append("\(key) \(quoted(id))") }
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
