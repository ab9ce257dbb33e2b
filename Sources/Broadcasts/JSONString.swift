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
        let bytes = text.utf8.span
        var isPlain = true
        for index in bytes.indices where Self.mustEscape(bytes[index]) { isPlain = false }
        // Most text needs no escape and is copied as a whole.
        guard !isPlain else { return append(contentsOf: text.utf8) }
        for index in bytes.indices {
            let byte = bytes[index]
            if byte < 0x20 {
                append(contentsOf: Self.escapes[Int(byte)].utf8)
            } else {
                if Self.mustEscape(byte) { append(UInt8(ascii: "\\")) }
                append(byte)
            }
        }
    }

    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
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
