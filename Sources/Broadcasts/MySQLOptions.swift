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
            // MySQL itself takes either sign in the names of its options.
            let text = String(name.map { $0 == "_" ? "-" : $0 })
            guard let known = Name(rawValue: text) else { throw Self.unknownOption(text) }
            let value = try percentDecoded(encoded ?? "", text)
            try set(known, value)
            guard seen.insert(known).inserted else {
                throw DatabaseAddressError("has the option \(text) twice")
            }
        }
    }

    /// Names the option, unless it is made of what no option's name has: such a text could be a part of
    /// something else, or be taken for a line of its own.
    private static func unknownOption(_ name: String) -> DatabaseAddressError {
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "-" }
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

/// Splits `host`, `host:port` or `[IPv6]:port`.
func hostAndPort(_ text: Substring) throws(DatabaseAddressError) -> (host: String, port: UInt16) {
    guard text.hasPrefix("[") else {
        let (host, port) = text.divided(at: ":")
        return (try percentDecoded(host, "host"), try port.map(portNumber) ?? 3306)
    }
    guard let end = text.firstIndex(of: "]") else {
        throw DatabaseAddressError("has a host with [ and no ]")
    }
    let host = text[text.index(after: text.startIndex)..<end]
    guard isAddressWithColons(host) else {
        throw DatabaseAddressError("has a host in brackets that is no IPv6 address")
    }
    let rest = text[text.index(after: end)...]
    if rest.isEmpty { return (String(host), 3306) }
    guard rest.hasPrefix(":") else { throw DatabaseAddressError("has something after the ] of its host") }
    return (String(host), try portNumber(rest.dropFirst()))
}

/// Whether a host can only be an IPv6 address, and so stands in brackets.
func isAddressWithColons(_ host: some StringProtocol) -> Bool {
    host.contains(":")
        && host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
                true
            default:
                false
            }
        }
}

private func portNumber(_ text: Substring) throws(DatabaseAddressError) -> UInt16 {
    // `UInt16(_:)` takes a sign, a port has none.
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let port = UInt16(text), port > 0
    else { throw DatabaseAddressError("has a port that is not between 1 and 65535") }
    return port
}

extension Substring {
    /// What stands before the first separator, and what after it; nil for the latter when there is none.
    func divided(at separator: Character) -> (Substring, Substring?) {
        guard let position = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<position], self[index(after: position)...])
    }
}
