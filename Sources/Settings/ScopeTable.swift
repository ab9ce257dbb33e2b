import Broadcasts
import TOML

/// Parses `reader_scopes`: reader IDs, each with the broadcasters whose channels it may read.
enum ScopeTable {
    static let expectation = #"a table of readers and their broadcasters, such as { id = ["broadcaster"] }"#

    /// Returns the scopes, or nil if the value is not a table. Throws a reason for every invalid entry.
    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> [String: Set<String>]? {
        guard case .table(let entries) = value else { return nil }
        var scopes: [String: Set<String>] = [:]
        var reasons: [String] = []
        for (id, value) in entries.sorted(by: { $0.key < $1.key }) {
            let values: [SettingValue] = if case .list(let list) = value { list } else { [value] }
            let names = values.compactMap(\.text)
            guard names.count == values.count, names.allSatisfy({ BroadcasterID($0) != nil }) else {
                reasons.append("expects a list of broadcaster IDs for \(quoted(id))")
                continue
            }
            scopes[id] = Set(names)
        }
        guard reasons.isEmpty else { throw UnsuitableValue(reasons: reasons) }
        return scopes
    }

    @Sendable
    static func show(_ scopes: [String: Set<String>]) -> String {
        let entries = scopes.sorted { $0.key < $1.key }.map { id, names in
            "\(quoted(id)) = [\(names.sorted().map(quoted).joined(separator: ", "))]"
        }
        return entries.isEmpty ? "{}" : "{ \(entries.joined(separator: ", ")) }"
    }

    /// Returns the IDs that are no readers, one line each.
    static func conflicts(in settings: Settings) -> [String] {
        settings.reloadable.readerScopes.keys.sorted()
            .filter { settings.reloadable.readerTokens[$0] == nil }
            .map { "reader_scopes expects IDs that are in reader_auth, but contains \(quoted($0))" }
    }
}
