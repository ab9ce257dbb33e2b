/// What a word without quotes is in TOML.
enum TOMLNumber {
    /// A whole number: decimal with a sign or without, or 0x, 0o or 0b. Underscores stand between digits.
    static func integer(_ word: String) -> Int? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            return digits(word.dropFirst(2)).flatMap { Int($0, radix: radix) }
        }
        let unsigned = word.first == "+" || word.first == "-" ? word.dropFirst() : word[...]
        guard unsigned == "0" || unsigned.first != "0", let digits = digits(unsigned) else { return nil }
        return Int(word.first == "-" ? "-" + digits : digits)
    }

    /// Whether a word can only be meant as one of TOML's kinds that no setting has.
    static func looksLikeFractionOrDate(_ word: String) -> Bool {
        let unsigned = word.first == "+" || word.first == "-" ? word.dropFirst() : word[...]
        if unsigned == "inf" || unsigned == "nan" { return true }
        guard let first = unsigned.utf8.first, (0x30...0x39).contains(first) else { return false }
        let signs = unsigned.utf8.filter { !(0x30...0x39).contains($0) }
        // Digits alone are a whole number beyond 64 bits.
        if signs.isEmpty { return unsigned.first != "0" }
        return signs.allSatisfy("-+.:eETZ_".utf8.contains) && signs.contains { $0 != UInt8(ascii: "_") }
    }

    /// The digits and letters of a number without its underscores, or nil when one stands at an end or beside
    /// another.
    private static func digits(_ text: Substring) -> String? {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isHexDigit) }) else { return nil }
        return groups.joined()
    }
}
