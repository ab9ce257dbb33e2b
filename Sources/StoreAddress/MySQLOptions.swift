internal import Bytes

/// The options after the question mark of a MySQL URL, each at most once.
struct MySQLOptions {
    private enum Name: String, CaseIterable {
        case mode = "ssl-mode"
        case authority = "ssl-ca"
        case certificate = "ssl-cert"
        case key = "ssl-key"
        case socket
    }

    private(set) var mode: MySQLEncryption.Mode?
    private(set) var authority: String?
    private(set) var certificate: String?
    private(set) var key: String?
    private(set) var socket: String?

    init(_ query: Substring) throws(DatabaseAddressError) {
        var seen: Set<Name> = []
        for option in query.split(separator: "&") {
            let (name, encoded) = option.divided(at: "=")
            // MySQL accepts both - and _ in the names of its options.
            let text = String(name.map { $0 == "_" ? "-" : $0 })
            guard let known = Name(rawValue: text) else { throw Self.unknownOption(text) }
            let value = try decoded(encoded ?? "", text)
            try set(known, value)
            guard seen.insert(known).inserted else {
                throw DatabaseAddressError("has the option \(text) twice")
            }
        }
    }

    /// Returns the error for an unknown option. Quotes its name only if it consists of letters, digits and
    /// dashes: other text could be part of the password, or break the line.
    private static func unknownOption(_ name: String) -> DatabaseAddressError {
        let isPlain = name.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
        let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
        return DatabaseAddressError(
            "has \(isPlain ? "the unknown option \(name)" : "an unknown option"); known are \(names)")
    }

    private mutating func set(_ name: Name, _ value: String) throws(DatabaseAddressError) {
        switch name {
        case .mode:
            guard let mode = MySQLEncryption.Mode(rawValue: value.uppercased()) else {
                let modes = MySQLEncryption.Mode.allCases.map(\.rawValue).joined(separator: ", ")
                throw DatabaseAddressError("has an unknown ssl-mode; expected one of \(modes)")
            }
            self.mode = mode
        case .authority: authority = try nonEmpty(value, name)
        case .certificate: certificate = try nonEmpty(value, name)
        case .key: key = try nonEmpty(value, name)
        case .socket: socket = try nonEmpty(value, name)
        }
    }

    private func nonEmpty(_ value: String, _ name: Name) throws(DatabaseAddressError) -> String {
        guard !value.isEmpty else {
            throw DatabaseAddressError("has the option \(name.rawValue) without a path")
        }
        return value
    }
}
