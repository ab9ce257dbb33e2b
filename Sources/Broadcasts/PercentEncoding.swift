/// Decodes `%XX` once (RFC 3986 section 2.1). The result is for C, so it holds no NUL.
func percentDecoded(_ text: Substring, _ part: String) throws(DatabaseAddressError) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
            throw DatabaseAddressError("has a % in its \(part) that begins no %XX; write it as %25")
        }
        bytes.append(high << 4 | low)
    }
    guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
        throw DatabaseAddressError("has a \(part) that is not text")
    }
    return decoded
}

/// Encodes as `%XX` what is neither unreserved (RFC 3986 section 2.3) nor a slash, if that may stand.
func percentEncoded(_ text: String, keepingSlashes: Bool = false) -> String {
    text.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            String(Unicode.Scalar(byte))
        case UInt8(ascii: "/") where keepingSlashes: "/"
        default: (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }.joined()
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
