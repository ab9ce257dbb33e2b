/// Where broadcasts are kept, as the setting `database_url` says it (config.example.toml).
///
/// Its description is the same URL with the password masked.
package enum DatabaseAddress: Hashable, Sendable {
    /// An SQLite file.
    case sqlite(path: String)
    /// An SQLite database that ends with the process.
    case sqliteMemory
    case mysql(MySQLAddress)

    /// Reads `sqlite:PATH`, `sqlite::memory:` or `mysql://user:password@host:port/database?option=value&…`.
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

    /// A path is taken as it stands, with no decoding. After `//` it must be absolute: `sqlite://x.db` looks
    /// like a file here, and would be one in the root directory.
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
        // Two slashes would be taken off.
        case .sqlite(let path): path.hasPrefix("//") ? "sqlite://\(path)" : "sqlite:\(path)"
        case .sqliteMemory: "sqlite::memory:"
        case .mysql(let address): address.description
        }
    }
}

/// What is wrong with a database URL, put so that it can follow the name of the setting. It never holds the
/// password, nor any part of the URL that might be one.
package struct DatabaseAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
