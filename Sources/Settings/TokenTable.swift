import Broadcasts

/// Reads the two tables that say whose token is whose: id to token, or to a list of tokens.
enum TokenTable {
    static let expectation = #"a table of ids, each once, with their tokens, such as { id = ["token"] }"#

    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> [String: [TokenDigest]]? {
        guard case .table(let entries) = value else { return nil }
        var digests: [String: [TokenDigest]] = [:]
        for (id, value) in entries.sorted(by: { $0.key < $1.key }) {
            // In TOML every line below a [section] belongs to it, so a setting written there would quietly
            // become an id, and its value a token that opens the door.
            if SettingsTable.setting(id) != nil {
                throw UnsuitableValue(
                    reason:
                        "holds \(quoted(id)), which is a setting; settings stand above the first [section]")
            }
            guard BroadcasterID(id) != nil else {
                throw UnsuitableValue(
                    reason: "expects ids of 1 to 64 letters, digits, dashes and underscores")
            }
            digests[id] = try tokens(of: value, id: id)
        }
        return digests
    }

    private static func tokens(of value: SettingValue, id: String) throws(UnsuitableValue) -> [TokenDigest] {
        let values: [SettingValue] = if case .list(let list) = value { list } else { [value] }
        var digests: [TokenDigest] = []
        for value in values {
            guard let token = value.text else {
                throw UnsuitableValue(
                    reason: "expects a token or a list of tokens, in quotes, for \(quoted(id))")
            }
            digests.append(try digest(of: token, id: id))
        }
        return digests
    }

    private static func digest(of token: String, id: String) throws(UnsuitableValue) -> TokenDigest {
        if token.hasPrefix("sha256:") {
            guard let digest = TokenDigest(configured: token) else {
                throw UnsuitableValue(
                    reason: "expects 64 hexadecimal digits after sha256: in a token of \(quoted(id))")
            }
            return digest
        }
        guard TokenDigest.isToken(token) else {
            throw UnsuitableValue(
                reason: "expects printable ASCII, with no space at its ends, in a token of \(quoted(id))")
        }
        return TokenDigest(token: token)
    }

    /// The table without its tokens.
    static func show(_ tokens: [String: [TokenDigest]]) -> String {
        let entries = tokens.sorted { $0.key < $1.key }.map { id, digests in
            "\(quoted(id)) = [\(digests.map { _ in "\"***\"" }.joined(separator: ", "))]"
        }
        return entries.isEmpty ? "{}" : "{ \(entries.joined(separator: ", ")) }"
    }

    /// What is wrong with the two tables together: an id or a token must lead to one place only.
    static func conflicts(in settings: Settings) -> [String] {
        var problems: [String] = []
        for id in settings.broadcasterTokens.keys.sorted() where settings.readerTokens[id] != nil {
            problems.append("reader_auth expects no id of broadcaster_auth, but holds \(quoted(id))")
        }
        var owners: [TokenDigest: [String]] = [:]
        for (key, table) in [
            ("broadcaster_auth", settings.broadcasterTokens), ("reader_auth", settings.readerTokens),
        ] {
            for (id, digests) in table {
                for digest in digests { owners[digest, default: []].append("\(key) \(quoted(id))") }
            }
        }
        let shared = owners.values.filter { $0.count > 1 }.map { $0.sorted() }
        for names in shared.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            problems.append(
                "\(names[0]) has a token in common with \(names[1...].joined(separator: " and "))"
                    + "; expects each token once")
        }
        return problems
    }
}
