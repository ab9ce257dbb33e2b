import Bytes

/// Maximum length of a value in a log line, in bytes as written, escapes included.
///
/// A line of a request stays below 16 KiB, at which Docker cuts lines: a client could otherwise send 16,000
/// bytes that take six characters each.
enum LogBound {
    /// `agent`, `lang`, and the name of a method or a user.
    static let value = 1024
    /// `path`.
    static let path = 2048
    /// One address of `remoteAddressChain`.
    static let address = 128
    /// Number of addresses of `remoteAddressChain`: the last ones, which the nearest proxies added.
    static let addresses = 16
    /// The text of a message, and each value beside it.
    static let text = 4096
}

extension [UInt8] {
    /// Appends a text as a JSON string of a bounded length.
    mutating func appendBoundedString(_ text: String, _ limit: Int = LogBound.value) {
        append(UInt8(ascii: "\""))
        appendBounded(text, limit)
        append(UInt8(ascii: "\""))
    }

    /// Appends a text with escapes. If it is longer than the limit, appends only its beginning, then
    /// `[cut, n bytes]` with the length of the whole text.
    mutating func appendBounded(
        _ text: String, _ limit: Int = LogBound.value, _ escaping: JSONEscaping = .ascii
    ) {
        // An escape has at most six bytes for each byte of the text.
        if text.utf8.count * 6 <= limit { return appendJSONEscaped(text, escaping) }
        var length = 0
        var end = text.startIndex
        for scalar in text.unicodeScalars {
            length += scalar.lengthInLog
            if length > limit { break }
            end = text.unicodeScalars.index(after: end)
        }
        appendJSONEscaped(String(text.unicodeScalars[..<end]), escaping)
        guard end < text.endIndex else { return }
        append("[cut, ")
        appendDecimal(text.utf8.count)
        append(" bytes]")
    }
}

extension Unicode.Scalar {
    /// Maximum number of bytes of this character in a log line.
    fileprivate var lengthInLog: Int {
        switch value {
        case 0x22, 0x5C: 2
        case 0x20...0x7E: 1
        case 0x10000...: 12
        default: 6
        }
    }
}

extension RequestSummary {
    /// The last addresses of the chain, and how many precede them.
    var nearestAddresses: (omitted: Int, addresses: ArraySlice<String>) {
        let addresses = remoteAddressChain.suffix(LogBound.addresses)
        return (remoteAddressChain.count - addresses.count, addresses)
    }
}
