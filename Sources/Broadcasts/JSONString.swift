extension [UInt8] {
    /// Appends a text as a JSON string, with its quotes (RFC 8259 section 7).
    ///
    /// Only what must be escaped is: the quote, the backslash and the control characters below U+0020.
    package mutating func appendJSONString(_ text: String) {
        append(UInt8(ascii: "\""))
        appendJSONEscaped(text)
        append(UInt8(ascii: "\""))
    }

    /// Appends a text as a part of a JSON string, without quotes around it.
    mutating func appendJSONEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append(contentsOf: Self.escapes[Int(byte)].utf8)
            default:
                append(byte)
            }
        }
    }

    /// The escape of each control character, the short form where there is one.
    private static let escapes: [String] = (0..<0x20).map { byte in
        switch byte {
        case 0x08: "\\b"
        case 0x09: "\\t"
        case 0x0A: "\\n"
        case 0x0C: "\\f"
        case 0x0D: "\\r"
        default: (byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16)
        }
    }
}
