internal import Bytes

/// Splits `host`, `host:port` or `[IPv6]:port`. The default port is 3306.
func hostAndPort(_ text: Substring) throws(DatabaseAddressError) -> (host: String, port: UInt16) {
    guard !isUnexpanded(text) else {
        throw DatabaseAddressError("has a $ in its host; variables are not expanded")
    }
    guard text.hasPrefix("[") else {
        let (host, port) = text.divided(at: ":")
        return (try decoded(host, "host"), try port.map(portNumber) ?? 3306)
    }
    guard let end = text.firstIndex(of: "]") else {
        throw DatabaseAddressError("has a host with [ but no ]")
    }
    let host = text[text.index(after: text.startIndex)..<end]
    guard isIPv6Address(host) else {
        throw DatabaseAddressError("has a host in brackets that is not an IPv6 address")
    }
    let rest = text[text.index(after: end)...]
    if rest.isEmpty { return (String(host), 3306) }
    guard rest.hasPrefix(":") else { throw DatabaseAddressError("has text after the ] of its host") }
    return (String(host), try portNumber(rest.dropFirst()))
}

/// Returns whether a host is an IPv6 address, which is written in brackets.
func isIPv6Address(_ host: some StringProtocol) -> Bool {
    if case .version6? = IPAddress(host) { true } else { false }
}

private func portNumber(_ text: Substring) throws(DatabaseAddressError) -> UInt16 {
    // `UInt16(_:)` accepts a sign; a port has none.
    guard text.isDecimal, let port = UInt16(text), port > 0
    else { throw DatabaseAddressError("has a port that is not between 1 and 65535") }
    return port
}
