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
        guard !isDataSourceName(url) else { throw Self.dataSourceName }
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

    private static let dataSourceName = DatabaseAddressError(
        """
        has the form of Go's driver, user:password@tcp(host:port)/database; write \
        mysql://user:password@host:port/database
        """)

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
        try requireLiteral(path)
        return .sqlite(path: String(path))
    }

    /// Rejects what other programs would replace or cut off: here it would become a part of the file's name.
    private static func requireLiteral(_ path: Substring) throws(DatabaseAddressError) {
        guard !path.hasPrefix("~") else {
            throw DatabaseAddressError("has a path that begins with ~; write the absolute path")
        }
        guard !isUnexpanded(path) else {
            throw DatabaseAddressError(
                "has a $ in its path; variables are not expanded, write the path itself")
        }
        if let mark = path.firstIndex(of: "?"), path[mark...].contains("=") {
            throw DatabaseAddressError("has options after ?; an SQLite path has none, write sqlite:PATH")
        }
    }
}

/// Returns whether a text contains a variable of a shell or of a template, such as `${HOME}` or `$HOME`.
func isUnexpanded(_ text: some StringProtocol) -> Bool {
    zip(text, text.dropFirst()).contains { first, second in
        first == "$" && (second == "{" || second == "(" || second == "_" || second.isLetter)
    }
}

/// Returns whether a URL contains the protocol and address of a data source name of Go's MySQL driver.
private func isDataSourceName(_ url: String) -> Bool {
    url.contains("@tcp(") || url.contains("@unix(")
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
