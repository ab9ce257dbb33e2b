import Testing

/// The file map of ARCHITECTURE.md, compared with the files of `Sources`.
@Suite struct FileMapTests {
    /// The names before the colon of each entry, by module.
    private static func listedFiles() throws -> [String: [String]] {
        let document = try SourceTree.text(of: "ARCHITECTURE.md")
        let section = document.split(separator: "\n## ").first { $0.hasPrefix("Files\n") } ?? ""
        var files: [String: [String]] = [:]
        for part in section.split(separator: "\n### `").dropFirst() {
            let module = String(part.prefix { $0 != "`" })
            for entry in part.split(separator: "\n- ").dropFirst() {
                let names = entry.prefix { $0 != ":" }.split(separator: "`", omittingEmptySubsequences: false)
                files[module, default: []] += names.indices.filter { $0 % 2 == 1 }.map { String(names[$0]) }
            }
        }
        return files
    }

    @Test func fileMap_listsEveryFileOnce_andNoOther() throws {
        let listed = try Self.listedFiles().mapValues { $0.sorted() }
        let files = Dictionary(grouping: try SourceTree.files(below: "Sources"), by: \.module).mapValues {
            files in files.map { String($0.path.split(separator: "/").last!.dropLast(6)) }.sorted()
        }
        #expect(Set(listed.keys) == Set(files.keys))
        for (module, names) in files { #expect(listed[module] == names, "\(module)") }
    }
}
