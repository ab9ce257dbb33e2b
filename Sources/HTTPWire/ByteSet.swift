/// A set of ASCII bytes: one character class of the grammar.
///
/// Stored in two words that stay in registers, instead of a table in memory.
struct ByteSet: Sendable {
    private let low: UInt64
    private let high: UInt64

    /// Creates the set of the bytes of an ASCII text. Other bytes are ignored.
    init(_ text: String) {
        var words: (low: UInt64, high: UInt64) = (0, 0)
        for byte in text.utf8 where byte < 128 {
            if byte < 64 { words.low |= 1 << UInt64(byte) } else { words.high |= 1 << UInt64(byte - 64) }
        }
        (low, high) = words
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : high
        return byte < 128 && (word &>> UInt64(byte & 63)) & 1 == 1
    }
}

extension ByteSet {
    private static let digits = "0123456789"
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    /// RFC 3986 section 2.3, without letters and digits.
    private static let unreservedMarks = "-._~"
    /// RFC 3986 section 2.2.
    private static let subDelimiters = "!$&'()*+,;="

    /// `tchar` (RFC 9110 section 5.6.2).
    static let token = ByteSet(digits + letters + "!#$%&'*+-.^_`|~")
    /// `pchar` and `/` (RFC 3986 section 3.3), except the percent sign.
    static let path = ByteSet(digits + letters + unreservedMarks + subDelimiters + ":@/")
    /// The characters of a query (RFC 3986 section 3.4), except the percent sign.
    static let query = ByteSet(digits + letters + unreservedMarks + subDelimiters + ":@/?")
    /// The characters of a registered name (RFC 3986 section 3.2.2), except the percent sign.
    static let registeredName = ByteSet(digits + letters + unreservedMarks + subDelimiters)
}

extension UInt8 {
    static let horizontalTab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")

    /// `SP / HTAB`, the white space of field lines (RFC 9110 section 5.6.3).
    @inline(__always)
    var isWhitespace: Bool { self == .space || self == .horizontalTab }

    /// `HTAB / SP / VCHAR / obs-text`: the bytes that a field value may contain (RFC 9110 section 5.5).
    @inline(__always)
    var isFieldContent: Bool { (self >= 0x20 && self != 0x7F) || self == .horizontalTab }
}
