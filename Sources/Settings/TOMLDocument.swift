/// A configuration file: TOML 1.0 (toml.io), with line feeds and a last comma in inline tables as in 1.1.
///
/// Of dates and fractions, which no setting takes, it only knows what they look like. ARCHITECTURE.md says
/// why no library reads it.
struct TOMLDocument {
    /// A key of the top level.
    struct Entry: Equatable {
        let key: String
        /// Where the key stands first, from 1.
        let line: Int
        let value: SettingValue
    }

    /// The keys at the top, up to the first place that is no TOML.
    private(set) var entries: [Entry] = []
    /// Keys that stand twice, of which the first counts, and the place that is no TOML.
    private(set) var problems: [TOMLError] = []

    init(_ text: String) {
        var reader = TOMLReader(text)
        var root = TOMLTable()
        var lines: [String: Int] = [:]
        do throws(TOMLError) {
            try Self.read(&reader, into: &root, &lines)
            problems = reader.repetitions
        } catch {
            problems = reader.repetitions + [error]
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
            if !isNew { try reader.noteRepetition(of: path, at: start) }
            if lines[path[0]] == nil { lines[path[0]] = reader.line(of: start) }
            try reader.endLine()
            reader.skipBlank()
        }
    }
}

/// Where a text is no TOML and what was expected there. It holds no value, which may be a secret.
struct TOMLError: Error, Hashable {
    let line: Int
    let column: Int
    let reason: String
}

/// A table while it is being filled.
struct TOMLTable {
    private enum Node {
        case value(SettingValue)
        case table(TOMLTable)
    }

    private var nodes: [String: Node] = [:]
    /// Whether a [section] of this name was opened.
    private var isOpened = false

    var values: [String: SettingValue] {
        nodes.mapValues { node in
            switch node {
            case .value(let value): value
            case .table(let table): .table(table.values)
            }
        }
    }

    /// Puts a value behind a dotted key. False when there is one.
    mutating func insert(_ value: SettingValue, at path: ArraySlice<String>) -> Bool {
        guard let key = path.first else { return false }
        if path.count > 1 { return change(key) { $0.insert(value, at: path.dropFirst()) } }
        guard nodes[key] == nil else { return false }
        nodes[key] = .value(value)
        return true
    }

    /// Begins a section. False when it was begun before, or is a value.
    mutating func open(_ path: ArraySlice<String>) -> Bool {
        guard let key = path.first else {
            defer { isOpened = true }
            return !isOpened
        }
        return change(key) { $0.open(path.dropFirst()) }
    }

    /// Changes the table behind a key, which is made where there is nothing yet.
    private mutating func change(_ key: String, _ body: (inout TOMLTable) -> Bool) -> Bool {
        // Taken out, so that it is changed in place and not copied.
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
