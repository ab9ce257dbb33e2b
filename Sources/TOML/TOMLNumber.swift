internal import Bytes

/// The meaning of an unquoted word in TOML.
enum TOMLNumber {
    /// Parses a whole number: decimal, with or without a sign, or 0x, 0o or 0b. Underscores may separate
    /// digits.
    static func integer(_ word: String) -> Int? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            return digits(word.dropFirst(2)).flatMap { Int($0, radix: radix) }
        }
        let unsigned = word.first == "+" || word.first == "-" ? word.dropFirst() : word[...]
        guard unsigned == "0" || unsigned.first != "0", let digits = digits(unsigned) else { return nil }
        return Int(word.first == "-" ? "-" + digits : digits)
    }

    /// Returns whether a word can only be meant as a float, a date or a time.
    static func looksLikeFractionOrDate(_ word: String) -> Bool {
        let unsigned = word.first == "+" || word.first == "-" ? word.dropFirst() : word[...]
        if unsigned == "inf" || unsigned == "nan" { return true }
        guard let first = unsigned.utf8.first, first.isDecimalDigit else { return false }
        let signs = unsigned.utf8.filter { !$0.isDecimalDigit }
        // Digits alone are an integer of more than 64 bits.
        if signs.isEmpty { return unsigned.first != "0" }
        return signs.allSatisfy("-+.:eETZ_".utf8.contains) && signs.contains { $0 != UInt8(ascii: "_") }
    }

    /// Returns the digits and letters of a number without its underscores. Nil if an underscore is at an end
    /// or next to another.
    private static func digits(_ text: Substring) -> String? {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        guard groups.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy({ $0.hexadecimalValue != nil }) }) else {
            return nil
        }
        return groups.joined()
    }
}
