/// Appends text, numbers and times to the bytes of a log line.
///
/// Whatever the input, what is appended is printable ASCII, so a line stays one line: no reader takes U+2028
/// for the end of it, and nothing that a client sent reaches a terminal as a control sequence.
extension [UInt8] {
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }

    /// Appends a JSON string (RFC 8259 section 7), quotes included.
    mutating func appendQuoted(_ text: String) {
        append(UInt8(ascii: "\""))
        appendEscaped(text)
        append(UInt8(ascii: "\""))
    }

    /// Appends the inside of a JSON string, or, where quotes mean nothing, text that keeps them as they are.
    mutating func appendEscaped(_ text: String, keepingQuotes: Bool = false) {
        // Nearly all text needs no escape, and asking first lets it be copied as a whole.
        if isPlain(text) {
            append(contentsOf: text.utf8)
            return
        }
        for unit in text.utf16 {
            if keepingQuotes, unit == 0x22 {
                append(UInt8(ascii: "\""))
            } else {
                appendEscaped(unit)
            }
        }
    }

    private mutating func appendEscaped(_ unit: UInt16) {
        switch unit {
        case 0x22: append(#"\""#)
        case 0x5C: append(#"\\"#)
        case 0x09: append(#"\t"#)
        case 0x0A: append(#"\n"#)
        case 0x0D: append(#"\r"#)
        case 0x20...0x7E: append(UInt8(truncatingIfNeeded: unit))
        default:
            append(#"\u"#)
            for shift in [12, 8, 4, 0] as [UInt16] {
                append(hexadecimalDigit(UInt8(truncatingIfNeeded: unit >> shift & 0xF)))
            }
        }
    }

    /// Appends a number in decimal, without the string that `String(_:)` would allocate for a long one.
    mutating func appendDecimal(_ number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(number.magnitude, minimumDigits: 1)
    }

    /// Appends a number in decimal, with zeros before it up to `minimumDigits`.
    mutating func appendDecimal(_ number: UInt, minimumDigits: Int) {
        // The longest number has 20 digits. They are found last one first.
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            digits[start] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in Swift.min(start, digits.count - minimumDigits)..<digits.count { append(digits[index]) }
    }
}

/// Whether every byte of a text stands for itself in a JSON string that is kept to ASCII.
private func isPlain(_ text: String) -> Bool {
    let bytes = text.utf8.span
    for index in bytes.indices {
        let byte = bytes[index]
        if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            return false
        }
    }
    return true
}

private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
