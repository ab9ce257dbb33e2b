/// Which characters of a JSON string are escaped (RFC 8259 section 7).
package enum JSONEscaping: Sendable {
    /// Escapes only what must be escaped: the quote, the backslash and control characters below U+0020.
    case minimal
    /// Escapes everything but printable ASCII, so that a log line remains one line and no client can send
    /// control sequences to a terminal.
    case ascii
    /// Like `ascii`, but for text outside a JSON string: quotes are not escaped.
    case asciiText
}

extension [UInt8] {
    /// Appends a text as a JSON string, with its quotes.
    package mutating func appendJSONString(_ text: String, _ escaping: JSONEscaping = .minimal) {
        append(UInt8(ascii: "\""))
        appendJSONEscaped(text, escaping)
        append(UInt8(ascii: "\""))
    }

    /// Appends a text as a part of a JSON string, without quotes around it.
    package mutating func appendJSONEscaped(_ text: String, _ escaping: JSONEscaping = .minimal) {
        // Most text needs no escape and is copied as a whole.
        guard mustEscapeAny(of: text, escaping) else { return append(contentsOf: text.utf8) }
        switch escaping {
        case .minimal:
            for byte in text.utf8 {
                if byte < 0x7F { appendEscaped(UInt16(byte)) } else { append(byte) }
            }
        case .ascii:
            for unit in text.utf16 { appendEscaped(unit) }
        case .asciiText:
            for unit in text.utf16 {
                if unit == 0x22 { append(UInt8(ascii: "\"")) } else { appendEscaped(unit) }
            }
        }
    }

    private mutating func appendEscaped(_ unit: UInt16) {
        switch unit {
        case 0x22: append(#"\""#)
        case 0x5C: append(#"\\"#)
        case 0x08: append(#"\b"#)
        case 0x09: append(#"\t"#)
        case 0x0A: append(#"\n"#)
        case 0x0C: append(#"\f"#)
        case 0x0D: append(#"\r"#)
        case 0x20...0x7E: append(UInt8(truncatingIfNeeded: unit))
        default:
            append(#"\u"#)
            for shift in [12, 8, 4, 0] as [UInt16] {
                append(UInt8.hexadecimalDigit(UInt8(truncatingIfNeeded: unit >> shift & 0xF)))
            }
        }
    }
}

private func mustEscapeAny(of text: String, _ escaping: JSONEscaping) -> Bool {
    let bytes = text.utf8.span
    let lastPlain: UInt8 = escaping == .minimal ? 0xFF : 0x7E
    for index in bytes.indices {
        let byte = bytes[index]
        if byte < 0x20 || byte > lastPlain || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            return true
        }
    }
    return false
}
