import Bytes

// The rules for settings that are texts.

/// Returns a host as it is stored: an IPv6 address without its brackets, another address or a name as it is.
/// Nil if the text is neither an address nor a name, or has a port.
@Sendable
func host(_ text: String) -> String? {
    if let version6 = version6Address(text) { return version6 }
    if IPAddress(text) != nil { return text }
    // Text that ends in a number is a malformed IPv4 address: the system's resolver would read 1.2.3 as
    // 1.2.0.3, and 0x7f.1 as 127.0.0.1.
    let lastLabel = text.split(separator: ".").last ?? ""
    let isName =
        (1...255).contains(text.utf8.count) && !lastLabel.isDecimal
        && !lastLabel.lowercased().hasPrefix("0x")
        && text.utf8.allSatisfy { $0.isLetterOrDigit || ".-_".utf8.contains($0) }
    return isName ? text : nil
}

/// Returns an IPv6 address (RFC 4291 section 2.2) without its brackets, or nil if the text is not one.
private func version6Address(_ text: String) -> String? {
    let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
    let inner = isBracketed ? text.dropFirst().dropLast() : text[...]
    guard case .version6? = IPAddress(inner) else { return nil }
    return String(inner)
}
