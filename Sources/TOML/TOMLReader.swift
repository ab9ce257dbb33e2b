internal import Bytes

/// Parses keys and values of TOML from the front of a text.
package struct TOMLReader {
    private let bytes: [UInt8]
    private(set) var position = 0
    /// The positions of duplicate keys. Parsing continues after them.
    private(set) var duplicates: [TOMLError] = []
    /// A position whose line number is known, so that each line feed is counted once.
    private var counted = (position: 0, line: 1)

    /// Maximum depth of values and of dotted keys. Settings need three: a table in a list in a table.
    private static let maximumDepth = 8
    /// Maximum number of duplicate keys. Computing line and column of each takes time in proportion to the
    /// text before it.
    private static let maximumDuplicates = 100

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Parses a whole text as one value. Nil when it is anything else.
    package static func value(of text: String) -> TOMLValue? {
        var reader = TOMLReader(text)
        reader.skipSpace()
        guard let value = try? reader.value(), (try? reader.endLine()) != nil, reader.isAtEnd,
            reader.duplicates.isEmpty
        else { return nil }
        return value
    }

    // MARK: - Positions

    var isAtEnd: Bool { position == bytes.count }

    private var next: UInt8? { isAtEnd ? nil : bytes[position] }

    /// Returns the line number, from 1, of a position that is not before the position of an earlier call.
    mutating func line(of position: Int) -> Int {
        counted.line += bytes[counted.position..<position].count { $0 == UInt8(ascii: "\n") }
        counted.position = position
        return counted.line
    }

    func error(_ reason: String, at position: Int? = nil) -> TOMLError {
        let position = position ?? self.position
        let line = bytes[..<position].count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = bytes[..<position].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: bytes[lineStart..<position], as: UTF8.self).unicodeScalars.count + 1
        return TOMLError(line: line, column: column, reason: reason)
    }

    /// Records a duplicate key. Throws when there are too many.
    mutating func noteDuplicate(of path: [String], at position: Int) throws(TOMLError) {
        guard duplicates.count < Self.maximumDuplicates else {
            throw error("too many duplicate keys", at: position)
        }
        duplicates.append(error("duplicate key \(quoted(path.last ?? ""))", at: position))
    }

    // MARK: - Between keys and values

    /// Skips a text at the position. Returns false when another text is there.
    mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    mutating func skipByteOrderMark() {
        _ = skip("\u{FEFF}")
    }

    mutating func skipSpace() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { position += 1 }
    }

    /// Skips space, line feeds and comments.
    mutating func skipBlank() {
        repeat {
            skipSpace()
            skipComment()
        } while skip("\n") || skip("\r\n")
    }

    private mutating func skipComment() {
        guard next == UInt8(ascii: "#") else { return }
        while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
    }

    /// Parses the rest of a line, which may hold a comment and nothing else.
    mutating func endLine() throws(TOMLError) {
        skipSpace()
        skipComment()
        guard isAtEnd || skip("\n") || skip("\r\n") else { throw error("expects the end of the line") }
    }

    // MARK: - Keys

    /// Parses a dotted key and the space around it, and returns its parts.
    mutating func key() throws(TOMLError) -> [String] {
        var parts: [String] = []
        repeat {
            skipSpace()
            parts.append(try keyPart())
            skipSpace()
            guard parts.count <= Self.maximumDepth else { throw error("expects fewer dots in a key") }
        } while skip(".")
        return parts
    }

    private mutating func keyPart() throws(TOMLError) -> String {
        for quote in ["\"", "'"] where skip(quote) { return try text(endingWith: quote, spansLines: false) }
        let start = position
        while let byte = next, isBareKeyByte(byte) { position += 1 }
        guard position > start else { throw error("expects a key") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    // MARK: - Values

    mutating func value(depth: Int = 0) throws(TOMLError) -> TOMLValue {
        guard depth < Self.maximumDepth else { throw error("expects fewer brackets") }
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "["): return try list(depth)
        case UInt8(ascii: "{"): return try inlineTable(depth)
        default: return try bareValue()
        }
    }

    private mutating func list(_ depth: Int) throws(TOMLError) -> TOMLValue {
        var elements: [TOMLValue] = []
        position += 1
        skipBlank()
        while !skip("]") {
            elements.append(try value(depth: depth + 1))
            try endElement(before: "]")
        }
        return .array(elements)
    }

    private mutating func inlineTable(_ depth: Int) throws(TOMLError) -> TOMLValue {
        var table = TOMLTable()
        position += 1
        skipBlank()
        while !skip("}") {
            let start = position
            let path = try key()
            guard skip("=") else { throw error("expects an = after a key") }
            skipSpace()
            if !table.insert(try value(depth: depth + 1), at: path[...]) {
                try noteDuplicate(of: path, at: start)
            }
            try endElement(before: "}")
        }
        return .table(table.values)
    }

    /// Parses the comma between two elements. A comma after the last one is allowed.
    private mutating func endElement(before end: String) throws(TOMLError) {
        skipBlank()
        let hasComma = skip(",")
        skipBlank()
        guard hasComma || bytes[position...].starts(with: end.utf8) else {
            throw error("expects a comma or a \(end)")
        }
    }

    private mutating func bareValue() throws(TOMLError) -> TOMLValue {
        let start = position
        while let byte = next, isBareKeyByte(byte) || "+.:".utf8.contains(byte) { position += 1 }
        if let dateTime = dateTime(from: start) { return .dateTime(dateTime) }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        if let flag = Bool(word) { return .boolean(flag) }
        if let number = TOMLNumber.integer(word) { return .integer(number) }
        guard TOMLNumber.looksLikeFractionOrDate(word) else {
            throw error("expects a value; strings must be quoted", at: start)
        }
        return .other
    }

    /// Parses an offset date-time, whose date and time a space may separate. Leaves the position behind it.
    private mutating func dateTime(from start: Int) -> TOMLDateTime? {
        if let dateTime = TOMLDateTime(String(decoding: bytes[start..<position], as: UTF8.self)) {
            return dateTime
        }
        guard position - start == 10, next == UInt8(ascii: " ") else { return nil }
        let time = bytes[(position + 1)...].prefix { isBareKeyByte($0) || "+.:".utf8.contains($0) }
        let text = String(decoding: bytes[start..<(position + 1 + time.count)], as: UTF8.self)
        guard let dateTime = TOMLDateTime(text) else { return nil }
        position += 1 + time.count
        return dateTime
    }

    // MARK: - Strings

    private mutating func string() throws(TOMLError) -> String {
        let quote = bytes[position]
        let tripled = String(repeating: Character(Unicode.Scalar(quote)), count: 3)
        if skip(tripled) {
            _ = skip("\n") || skip("\r\n")
            return try text(endingWith: tripled, spansLines: true)
        }
        position += 1
        return try text(endingWith: String(tripled.prefix(1)), spansLines: false)
    }

    /// Parses the rest of a string. Escapes are recognized between double quotes only.
    private mutating func text(endingWith end: String, spansLines: Bool) throws(TOMLError) -> String {
        let hasEscapes = end.hasPrefix("\"")
        var text: [UInt8] = []
        while !skip(end) {
            guard let byte = next else { throw error("expects a closing quote") }
            if hasEscapes, byte == UInt8(ascii: "\\") {
                try appendEscape(to: &text, spansLines: spansLines)
                continue
            }
            let isLineFeed = byte == UInt8(ascii: "\n") || bytes[position...].starts(with: "\r\n".utf8)
            guard isLineFeed ? spansLines : byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else {
                throw error(
                    isLineFeed ? "expects a closing quote on the same line" : "expects no control character")
            }
            text.append(byte)
            position += 1
        }
        // Up to two quotes may precede the three that end a string.
        var extra = 0
        while spansLines, extra < 2, skip(String(end.prefix(1))) {
            text.append(contentsOf: end.prefix(1).utf8)
            extra += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func appendEscape(to text: inout [UInt8], spansLines: Bool) throws(TOMLError) {
        let start = position
        position += 1
        guard let letter = next else { throw error("expects a closing quote") }
        if spansLines, skipLineEnding() { return }
        position += 1
        switch letter {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = bytes[position...].prefix(letter == UInt8(ascii: "u") ? 4 : 8)
            guard digits.allSatisfy({ $0.hexadecimalValue != nil }),
                digits.count == (letter == UInt8(ascii: "u") ? 4 : 8),
                let scalar = UInt32(String(decoding: digits, as: UTF8.self), radix: 16).flatMap(
                    Unicode.Scalar.init)
            else { throw error("expects the hexadecimal number of a character after \\u", at: start) }
            position += digits.count
            text.append(contentsOf: String(scalar).utf8)
        default:
            throw error(#"expects a known escape after \; write \ itself as \\"#, at: start)
        }
    }

    /// Skips a line feed after a backslash and the white space after it, which are not part of the string.
    /// Returns false if there is no line feed.
    private mutating func skipLineEnding() -> Bool {
        let start = position
        skipSpace()
        guard skip("\n") || skip("\r\n") else {
            position = start
            return false
        }
        repeat { skipSpace() } while skip("\n") || skip("\r\n")
        return true
    }
}

private func isBareKeyByte(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
}
