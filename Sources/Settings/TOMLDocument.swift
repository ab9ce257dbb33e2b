import TOMLKit

/// Reads TOML into our own values.
enum TOMLDocument {
    /// Far above any real configuration.
    static let maximumBytes = 1 << 20

    struct Malformed: Error {
        /// Where, as `:line:column`, or nothing.
        var position = ""
        /// What is wrong, without a piece of the document, which may be a piece of a token.
        let reason: String
    }

    static func read(_ text: String) -> Result<[String: SettingValue], Malformed> {
        guard text.utf8.count <= maximumBytes else {
            return .failure(Malformed(reason: "expects at most \(maximumBytes) bytes"))
        }
        // The parser takes C strings and gives them back, so a NUL would silently end what it stands in.
        guard !text.utf8.contains(0), !text.contains(#"\u0000"#), !text.contains(#"\U00000000"#) else {
            return .failure(Malformed(reason: "expects no NUL character"))
        }
        do {
            return .success(values(of: try TOMLTable(string: text)))
        } catch let error as TOMLParseError {
            return .failure(malformed(error))
        } catch {
            return .failure(Malformed(reason: "this is not TOML"))
        }
    }

    private static func malformed(_ error: TOMLParseError) -> Malformed {
        let position = ":\(error.source.begin.line):\(error.source.begin.column)"
        // A key is no secret, and that one stands twice is the one mistake that its place alone does not explain.
        if error.description.contains("redefine"), let key = lastQuoted(error.description) {
            return Malformed(position: position, reason: "\(quoted(key)) stands here for the second time")
        }
        return Malformed(position: position, reason: "this is not TOML (texts and tokens stand in quotes)")
    }

    private static func lastQuoted(_ text: String) -> String? {
        let parts = text.split(separator: "'", omittingEmptySubsequences: false)
        return parts.count >= 3 ? String(parts[parts.count - 2]) : nil
    }

    private static func values(of table: TOMLTable) -> [String: SettingValue] {
        var values: [String: SettingValue] = [:]
        for key in table.keys {
            if let element = table[key] { values[key] = value(of: element) }
        }
        return values
    }

    private static func value(of element: any TOMLValueConvertible) -> SettingValue {
        switch element.type {
        case .string: element.string.map(SettingValue.text) ?? .unused
        case .int: element.int.map(SettingValue.integer) ?? .unused
        case .bool: element.bool.map(SettingValue.flag) ?? .unused
        case .array: element.array.map { .list($0.map(value(of:))) } ?? .unused
        case .table: element.table.map { .table(values(of: $0)) } ?? .unused
        default: .unused
        }
    }
}
