/// The block mappings of a YAML document, by indentation. Parses only the part of YAML that the tests need
/// for openapi.yaml.
struct YAMLOutline {
    private struct Entry {
        /// The keys from the root to this one.
        let path: [String]
        let value: String
    }

    private let entries: [Entry]
    /// The target of every `$ref`, in the order of the document.
    let references: [String]

    init(_ text: String) {
        var entries: [Entry] = []
        var references: [String] = []
        var parents: [(indentation: Int, key: String)] = []
        for line in text.split(separator: "\n") {
            let content = line.drop { $0 == " " }
            let indentation = line.count - content.count
            if let reference = content.firstRange(of: #"$ref: ""#) {
                references.append(String(content[reference.upperBound...].prefix { $0 != "\"" }))
            }
            guard content.first != "#", let key = content.firstRange(of: ":") else { continue }
            parents.removeAll { $0.indentation >= indentation }
            parents.append((indentation, String(content[..<key.lowerBound].filter { $0 != "\"" })))
            let value = content[key.upperBound...].drop { $0 == " " }
            entries.append(
                Entry(path: parents.map(\.key), value: String(value.filter { $0 != "\"" })))
        }
        self.entries = entries
        self.references = references
    }

    /// Returns the keys of the mapping at a path, in the order of the document.
    func keys(at path: [String]) -> [String] {
        entries.filter { $0.path.dropLast() == path[...] }.compactMap(\.path.last)
    }

    /// Returns the value at a path, without quotes.
    func value(at path: [String]) -> String? {
        entries.first { $0.path == path }?.value
    }
}
