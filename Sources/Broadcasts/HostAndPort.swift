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
