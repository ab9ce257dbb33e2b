// Which texts the settings take, where a range of numbers does not say it.

/// A numeric IPv4 or IPv6 address (RFC 4291 section 2.2), without brackets and zone.
func isNumericAddress(_ text: String) -> Bool {
    if !text.contains(":") { return isDottedAddress(text[...]) }
    // The one place where "::" may stand for groups of zeros cuts the address in two.
    let halves = text.components(around: "::")
    guard halves.count <= 2 else { return false }
    var groups = 0
    for (index, half) in halves.enumerated() where !half.isEmpty {
        let parts = half.split(separator: ":", omittingEmptySubsequences: false)
        for (position, part) in parts.enumerated() {
            let isLast = index == halves.count - 1 && position == parts.count - 1
            if isLast, part.contains(".") {
                guard isDottedAddress(part) else { return false }
                groups += 2
            } else {
                guard (1...4).contains(part.utf8.count), part.allSatisfy({ $0.isASCII && $0.isHexDigit })
                else {
                    return false
                }
                groups += 1
            }
        }
    }
    return halves.count == 2 ? groups < 8 : groups == 8
}

private func isDottedAddress(_ text: Substring) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
        && parts.allSatisfy { part in
            // A leading zero means octal to some readers, so none is taken.
            guard (1...3).contains(part.utf8.count), part == "0" || part.first != "0" else { return false }
            return part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
        }
}

/// A name or an address that a resolver can be asked for.
func isHostName(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count)
        && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_:".contains($0)) }
}

extension String {
    /// The parts before, between and after each occurrence of a separator.
    fileprivate func components(around separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
