/// A document in TOML 1.0 (toml.io), with line feeds and a trailing comma in inline tables as in TOML 1.1.
///
/// Floats, local dates and local times are recognized, not parsed: no setting takes one. ARCHITECTURE.md says
/// why no library parses TOML.
package struct TOMLDocument {
    /// A key of the top level.
    package struct Entry: Equatable {
        package let key: String
        /// The line of the key's first occurrence, from 1.
        package let line: Int
        package let value: TOMLValue
    }

    /// The keys of the top level, up to the syntax error, if any.
    package private(set) var entries: [Entry] = []
    /// Duplicate keys (the first one wins), and the position of the syntax error, if any.
    package private(set) var problems: [TOMLError] = []

    package init(_ text: String) {
        var reader = TOMLReader(text)
        var root = TOMLTable()
        var lines: [String: Int] = [:]
        do throws(TOMLError) {
            try Self.read(&reader, into: &root, &lines)
            problems = reader.duplicates
        } catch {
            problems = reader.duplicates + [error]
        }
        entries = root.values.map { Entry(key: $0.key, line: lines[$0.key] ?? 1, value: $0.value) }
            .sorted { ($0.line, $0.key) < ($1.line, $1.key) }
    }

    private static func read(
        _ reader: inout TOMLReader, into root: inout TOMLTable, _ lines: inout [String: Int]
    ) throws(TOMLError) {
        var section: [String] = []
        reader.skipByteOrderMark()
        reader.skipBlank()
        while !reader.isAtEnd {
            let start = reader.position
            let path: [String]
            let isNew: Bool
            if reader.skip("[") {
                section = try reader.key()
                guard reader.skip("]") else { throw reader.error("expects a ] after the name of a section") }
                path = section
                isNew = root.open(path[...])
            } else {
                path = section + (try reader.key())
                guard reader.skip("=") else { throw reader.error("expects an = after a key") }
                reader.skipSpace()
                isNew = root.insert(try reader.value(), at: path[...])
            }
            if !isNew { try reader.noteDuplicate(of: path, at: start) }
            if lines[path[0]] == nil { lines[path[0]] = reader.line(of: start) }
            try reader.endLine()
            reader.skipBlank()
        }
    }
}

/// The position of an error, both from 1, and what was expected there. It holds no value, which may be a
/// secret.
package struct TOMLError: Error, Hashable {
    package let line: Int
    package let column: Int
    package let reason: String
}

/// A table under construction.
struct TOMLTable {
    private enum Node {
        case value(TOMLValue)
        case table(TOMLTable)
    }

    private var nodes: [String: Node] = [:]
    /// Whether a `[section]` of this name was opened.
    private var isOpened = false

    var values: [String: TOMLValue] {
        nodes.mapValues { node in
            switch node {
            case .value(let value): value
            case .table(let table): .table(table.values)
            }
        }
    }

    /// Inserts a value under a dotted key. Returns false when the key has a value.
    mutating func insert(_ value: TOMLValue, at path: ArraySlice<String>) -> Bool {
        guard let key = path.first else { return false }
        if path.count > 1 { return change(key) { $0.insert(value, at: path.dropFirst()) } }
        guard nodes[key] == nil else { return false }
        nodes[key] = .value(value)
        return true
    }

    /// Opens a section. Returns false when it was opened before, or is a value.
    mutating func open(_ path: ArraySlice<String>) -> Bool {
        guard let key = path.first else {
            defer { isOpened = true }
            return !isOpened
        }
        return change(key) { $0.open(path.dropFirst()) }
    }

    /// Changes the table under a key, creating it when there is none.
    private mutating func change(_ key: String, _ body: (inout TOMLTable) -> Bool) -> Bool {
        // Removed first, so that the table is changed in place and not copied.
        switch nodes.removeValue(forKey: key) ?? .table(TOMLTable()) {
        case .table(var table):
            defer { nodes[key] = .table(table) }
            return body(&table)
        case .value(let value):
            nodes[key] = .value(value)
            return false
        }
    }
}
