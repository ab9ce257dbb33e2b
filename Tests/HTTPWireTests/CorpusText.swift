/// The notation of the corpus for bytes: printable ASCII unchanged, all other bytes as escapes.
enum CorpusText {
    /// Parses `\r \n \t \\ \xHH` and `\(text*count)`, which repeats a text.
    static func bytes(_ text: some StringProtocol) throws -> [UInt8] {
        var rest = Substring(text)
        var bytes: [UInt8] = []
        while let character = rest.popFirst() {
            guard character == "\\" else {
                bytes += character.utf8
                continue
            }
            switch rest.popFirst() {
            case "r": bytes.append(0x0D)
            case "n": bytes.append(0x0A)
            case "t": bytes.append(0x09)
            case "\\": bytes.append(0x5C)
            case "x":
                guard let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 else {
                    throw invalid(text)
                }
                bytes.append(byte)
                rest.removeFirst(2)
            case "(":
                guard let close = rest.firstIndex(of: ")"), let star = rest[..<close].lastIndex(of: "*"),
                    let count = Int(rest[rest.index(after: star)..<close])
                else { throw invalid(text) }
                let unit = try Self.bytes(rest[..<star])
                for _ in 0..<count { bytes += unit }
                rest = rest[rest.index(after: close)...]
            default: throw invalid(text)
            }
        }
        return bytes
    }

    /// Returns bytes in this notation, on one line.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            switch byte {
            case 0x0D: text += "\\r"
            case 0x0A: text += "\\n"
            case 0x09: text += "\\t"
            case 0x5C: text += "\\\\"
            case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    private static func invalid(_ text: some StringProtocol) -> CorpusError {
        CorpusError("not an escape of the corpus: \(text)")
    }
}
