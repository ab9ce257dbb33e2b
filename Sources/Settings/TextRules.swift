import Bytes

// The rules for settings that are texts.

/// Returns whether a text is a numeric IPv4 or IPv6 address (RFC 4291 section 2.2), without brackets and
/// zone.
func isNumericAddress(_ text: String) -> Bool {
    IPAddress(text) != nil
}

/// Returns whether a text has the characters and the length of a host name or an address.
func isHostName(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count)
        && text.utf8.allSatisfy { $0.isLetterOrDigit || ".-_:".utf8.contains($0) }
}
