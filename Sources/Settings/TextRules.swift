import Bytes

// Which texts the settings take, where a range of numbers does not say it.

/// A numeric IPv4 or IPv6 address (RFC 4291 section 2.2), without brackets and zone.
func isNumericAddress(_ text: String) -> Bool {
    IPAddress(text) != nil
}

/// A name or an address that a resolver can be asked for.
func isHostName(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count)
        && text.utf8.allSatisfy { $0.isLetterOrDigit || ".-_:".utf8.contains($0) }
}
