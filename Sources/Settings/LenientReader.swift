/// Parses a value as Rocket 0.4 parses its environment variables: like TOML, but strings need no quotes.
///
/// A shell removes the quotes of `{test=["foobar"]}` and passes `{test=[foobar]}`. An unquoted string in a
/// table or a list ends at the next comma, bracket or brace. The key decides whether it is a number or a
/// text.
struct LenientReader {
    private var rest: Substring

    /// Nil if brackets, braces or quotes do not match, a key of a table is missing or duplicate, or text
    /// follows the value.
    static func read(_ text: String) -> SettingValue? {
        let text = text.trimmed
        // Outside a table or a list, only the end of the text ends a string: an address may contain any
        // character.
        guard let first = text.first, first == "{" || first == "[" else { return scalar(text) }
        var reader = LenientReader(rest: text)
        let value = first == "{" ? reader.table() : reader.list()
        return reader.rest.isEmpty ? value : nil
    }

    private mutating func table() -> SettingValue? {
        var values: [String: SettingValue] = [:]
        let isComplete = collect(until: "}") { reader in
            let key = reader.take { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" || $0 == "-" }
            reader.skipSpace()
            guard !key.isEmpty, values[String(key)] == nil, reader.takeFirst("="),
                let value = reader.element()
            else { return false }
            values[String(key)] = value
            return true
        }
        return isComplete ? .table(values) : nil
    }

    private mutating func list() -> SettingValue? {
        var elements: [SettingValue] = []
        let isComplete = collect(until: "]") { reader in
            guard let element = reader.text() else { return false }
            elements.append(element)
            return true
        }
        return isComplete ? .list(elements) : nil
    }

    /// Parses the value of a key in a table. No setting nests deeper than a list in a table.
    private mutating func element() -> SettingValue? {
        skipSpace()
        return rest.first == "[" ? list() : text()
    }

    private mutating func text() -> SettingValue? {
        skipSpace()
        guard rest.first == "\"" else { return Self.scalar(take { !"{}[],".contains($0) }) }
        rest.removeFirst()
        let text = take { $0 != "\"" }
        return takeFirst("\"") ? .text(String(text)) : nil
    }

    /// Parses elements between commas, from the opening bracket or brace to its match.
    private mutating func collect(
        until end: Character, _ element: (inout LenientReader) -> Bool
    ) -> Bool {
        rest.removeFirst()
        skipSpace()
        if takeFirst(end) { return true }
        repeat {
            skipSpace()
            guard element(&self) else { return false }
            skipSpace()
        } while takeFirst(",")
        return takeFirst(end)
    }

    private mutating func take(while condition: (Character) -> Bool) -> Substring {
        let taken = rest.prefix(while: condition)
        rest = rest[taken.endIndex...]
        return taken
    }

    private mutating func takeFirst(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipSpace() {
        rest = rest.drop(while: \.isWhitespace)
    }

    /// Parses a string: in matching quotes, which are removed, or without quotes.
    private static func scalar(_ text: Substring) -> SettingValue? {
        let text = text.trimmed
        guard let first = text.first else { return nil }
        guard first == "\"" || first == "'" else { return .bare(String(text)) }
        let inner = text.dropFirst().dropLast()
        guard text.count >= 2, text.last == first, !inner.contains(first) else { return nil }
        return .text(String(inner))
    }
}

extension StringProtocol {
    /// Whether the text is empty or consists of white space.
    var isBlank: Bool { trimmed.isEmpty }

    /// The text without leading and trailing white space. An environment file with CR LF leaves a CR at the
    /// end of its values.
    var trimmed: SubSequence {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
