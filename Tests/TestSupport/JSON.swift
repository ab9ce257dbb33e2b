/// A JSON value (RFC 8259). The parser shares no code with the writers that it checks. It is strict, except
/// that it accepts some malformed numbers, such as 01 and +1.
package indirect enum JSON: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    package struct Malformed: Error {
        package let position: Int
    }

    package init(_ text: some Sequence<UInt8>) throws {
        var reader = JSONReader(bytes: Array(text))
        self = try reader.document()
    }

    package subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var number: Double? {
        guard case .number(let value) = self else { return nil }
        return value
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    mutating func document() throws -> JSON {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw malformed }
        return value
    }

    private var malformed: JSON.Malformed { JSON.Malformed(position: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func expect(_ text: String) throws {
        for byte in text.utf8 {
            guard current == byte else { throw malformed }
            position += 1
        }
    }

    private mutating func value() throws -> JSON {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return .number(try number())
        }
    }

    private mutating func object() throws -> JSON {
        var members: [String: JSON] = [:]
        try expect("{")
        skipSpace()
        while current != UInt8(ascii: "}") {
            if !members.isEmpty { try expect(",") }
            skipSpace()
            let name = try string()
            skipSpace()
            try expect(":")
            guard members.updateValue(try value(), forKey: name) == nil else { throw malformed }
            skipSpace()
        }
        position += 1
        return .object(members)
    }

    private mutating func array() throws -> JSON {
        var elements: [JSON] = []
        try expect("[")
        skipSpace()
        while current != UInt8(ascii: "]") {
            if !elements.isEmpty { try expect(",") }
            elements.append(try value())
            skipSpace()
        }
        position += 1
        return .array(elements)
    }

    private mutating func number() throws -> Double {
        let start = position
        while let byte = current, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw malformed
        }
        return value
    }

    private mutating func string() throws -> String {
        try expect("\"")
        var units: [UInt16] = []
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw malformed }
            if byte == UInt8(ascii: "\\") {
                position += 1
                units.append(try escape())
            } else {
                units += try plainText().utf16
            }
        }
        try expect("\"")
        guard let text = String(validating: units, as: UTF16.self) else { throw malformed }
        return text
    }

    /// Parses up to the next escape or the end of the string.
    private mutating func plainText() throws -> String {
        let start = position
        while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            position += 1
        }
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else { throw malformed }
        return text
    }

    private mutating func escape() throws -> UInt16 {
        guard let byte = current else { throw malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count else { throw malformed }
            let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
            // `UInt16(_:radix:)` accepts a sign.
            guard digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
                throw malformed
            }
            position += 4
            return unit
        default: throw malformed
        }
    }
}
