/// The database that stores the broadcasts, as in the setting `database_url` (config.example.toml).
///
/// Its description is the same URL with the password masked.
package enum DatabaseAddress: Hashable, Sendable {
    /// An SQLite file.
    case sqlite(path: String)
    /// An SQLite database in memory.
    case sqliteMemory
    case mysql(MySQLAddress)

    /// Parses `sqlite:PATH`, `sqlite::memory:` or `mysql://user:password@host:port/database?option=value&…`.
    package init(url: String) throws(DatabaseAddressError) {
        guard let colon = url.firstIndex(of: ":") else { throw Self.unknownScheme }
        let rest = url[url.index(after: colon)...]
        switch url[..<colon].lowercased() {
        case "sqlite": self = try Self.sqlite(rest)
        case "mysql": self = .mysql(try MySQLAddress(afterScheme: rest))
        default: throw Self.unknownScheme
        }
    }

    private static let unknownScheme = DatabaseAddressError(
        "must begin with sqlite: or mysql://, as in sqlite:megaphone.db or mysql://user@host/database")

    /// Parses a path, which is not percent-decoded. After `//` it must be absolute: `sqlite://x.db` could
    /// mean `x.db` or `/x.db`.
    private static func sqlite(_ text: Substring) throws(DatabaseAddressError) -> DatabaseAddress {
        if text == ":memory:" { return .sqliteMemory }
        let path = text.hasPrefix("//") ? text.dropFirst(2) : text
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw DatabaseAddressError("needs a path after sqlite:, or :memory:")
        }
        guard path.count == text.count || path.hasPrefix("/") else {
            throw DatabaseAddressError("has a relative path after sqlite://; write sqlite:PATH")
        }
        return .sqlite(path: String(path))
    }
}

extension DatabaseAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        // `init(url:)` removes two leading slashes.
        case .sqlite(let path): path.hasPrefix("//") ? "sqlite://\(path)" : "sqlite:\(path)"
        case .sqliteMemory: "sqlite::memory:"
        case .mysql(let address): address.description
        }
    }
}

/// An error in a database URL, worded to follow the name of the setting. It contains neither the password nor
/// any part of the URL that might be one.
package struct DatabaseAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
