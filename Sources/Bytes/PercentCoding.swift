/// Decodes percent-encoding once (RFC 3986 section 2.1). Nil if an escape is truncated or not hexadecimal.
package func percentDecoded(_ text: some Collection<UInt8>) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    var rest = text.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            decoded.append(byte)
            continue
        }
        guard let high = rest.next()?.hexadecimalValue, let low = rest.next()?.hexadecimalValue else {
            return nil
        }
        decoded.append(UInt8(high << 4 | low))
    }
    return decoded
}

/// Percent-encodes every byte that is not unreserved (RFC 3986 section 2.3), except slashes if
/// `keepingSlashes` is true.
package func percentEncoded(_ text: String, keepingSlashes: Bool = false) -> String {
    text.utf8.map { byte in
        switch byte {
        case _ where byte.isLetterOrDigit, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            String(Unicode.Scalar(byte))
        case UInt8(ascii: "/") where keepingSlashes: "/"
        default: "%" + hexadecimal(byte, digits: 2).uppercased()
        }
    }.joined()
}
