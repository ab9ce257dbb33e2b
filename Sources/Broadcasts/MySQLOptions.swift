/// The options after the question mark of a MySQL URL, each at most once.
struct MySQLOptions {
    private(set) var mode: MySQLEncryption.Mode?
    private(set) var authority: String?
    private(set) var certificate: String?
    private(set) var key: String?
    private(set) var socket: String?

    init(_ query: Substring) throws(DatabaseAddressError) {
        var seen: Set<String> = []
        for option in query.split(separator: "&") {
            let (name, encoded) = option.divided(at: "=")
            // MySQL itself takes either sign in the names of its options.
            let known = String(name.map { $0 == "_" ? "-" : $0 })
            let value = try percentDecoded(encoded ?? "", known)
            try set(known, value)
            guard seen.insert(known).inserted else {
                throw DatabaseAddressError("has the option \(known) twice")
            }
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(DatabaseAddressError) {
        switch name {
        case "ssl-mode":
            guard let mode = MySQLEncryption.Mode(rawValue: value.uppercased()) else {
                let modes = MySQLEncryption.Mode.allCases.map(\.rawValue).joined(separator: ", ")
                throw DatabaseAddressError("has an unknown ssl-mode; expected one of \(modes)")
            }
            self.mode = mode
        case "ssl-ca": authority = try nonEmpty(value, name)
        case "ssl-cert": certificate = try nonEmpty(value, name)
        case "ssl-key": key = try nonEmpty(value, name)
        case "socket": socket = try nonEmpty(value, name)
        default:
            throw DatabaseAddressError(
                "has the unknown option \(name); known are ssl-mode, ssl-ca, ssl-cert, ssl-key and socket")
        }
    }

    private func nonEmpty(_ value: String, _ name: String) throws(DatabaseAddressError) -> String {
        guard !value.isEmpty else { throw DatabaseAddressError("has the option \(name) without a path") }
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
    let isAddress = host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
            true
        default:
            false
        }
    }
    guard host.contains(":"), isAddress else {
        throw DatabaseAddressError("has a host in brackets that is no IPv6 address")
    }
    let rest = text[text.index(after: end)...]
    if rest.isEmpty { return (String(host), 3306) }
    guard rest.hasPrefix(":") else { throw DatabaseAddressError("has something after the ] of its host") }
    return (String(host), try portNumber(rest.dropFirst()))
}

private func portNumber(_ text: Substring) throws(DatabaseAddressError) -> UInt16 {
    // `UInt16(_:)` takes a sign, a port has none.
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let port = UInt16(text), port > 0
    else { throw DatabaseAddressError("has a port that is not between 1 and 65535") }
    return port
}

/// Decodes `%XX` once (RFC 3986 section 2.1). The result is for C, so it holds no NUL.
func percentDecoded(_ text: Substring, _ part: String) throws(DatabaseAddressError) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
            throw DatabaseAddressError("has a % in its \(part) that begins no %XX; write it as %25")
        }
        bytes.append(high << 4 | low)
    }
    guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
        throw DatabaseAddressError("has a \(part) that is not text")
    }
    return decoded
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension Substring {
    /// What stands before the first separator, and what after it; nil for the latter when there is none.
    func divided(at separator: Character) -> (Substring, Substring?) {
        guard let position = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<position], self[index(after: position)...])
    }
}
