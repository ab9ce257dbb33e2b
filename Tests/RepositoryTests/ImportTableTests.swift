import Testing

/// Checks the import lines of every file and Package.swift against the import table of ARCHITECTURE.md.
@Suite struct ImportTableTests {
    /// The modules that each Swift module may import in addition to `Synchronization`, from the table of the
    /// document.
    private static let table: [String: Set<String>] = {
        let document = (try? SourceTree.text(of: "ARCHITECTURE.md")) ?? ""
        let section = document.split(separator: "\n## ").first { $0.hasPrefix("Modules\n") } ?? ""
        var table: [String: Set<String>] = [:]
        for row in section.split(separator: "\n") where row.hasPrefix("| `") {
            let columns = row.split(separator: "|").map(codes)
            if let module = columns.first?.first, !isInC(module) { table[module] = Set(columns[2]) }
        }
        return table
    }()

    /// The name of a C module is a C and a capitalized word.
    private static func isInC(_ module: String) -> Bool {
        module.hasPrefix("C") && module.dropFirst().first?.isUppercase == true
    }

    /// Returns the texts between backticks.
    private static func codes(_ text: Substring) -> [String] {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }

    /// Returns the imports that the table does not allow, each with its file and line.
    private static func violations(_ files: [SourceTree.File]) -> [String] {
        files.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                guard let module = importedName(line), module != "Synchronization" else { return nil }
                let allowed = table[file.module]?.contains(module) ?? false
                return allowed ? nil : "\(file.path):\(index + 1) imports \(module)"
            }
        }
    }

    private static func importedName(_ line: String) -> String? {
        let words = line.split(separator: " ")
        guard let position = words.firstIndex(of: "import"), position + 1 < words.count,
            words[..<position].allSatisfy({
                ["internal", "package", "public", "private", "@testable"].contains($0)
            })
        else { return nil }
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "func", "let", "var", "typealias", "protocol",
        ]
        let name = kinds.contains(words[position + 1]) ? words.last : words[position + 1]
        return name?.split(separator: ".").first.map(String.init)
    }

    @Test func modules_importOnlyWhatTheTableAllows() throws {
        let violations = Self.violations(try SourceTree.files(below: "Sources"))
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
    }

    @Test func everySwiftModule_isListedInTheTable() throws {
        let modules = Set(try SourceTree.files(below: "Sources").map(\.module))
        #expect(modules == Set(Self.table.keys))
    }

    @Test func packageManifest_hasNoDependencyOutsideTheTable() throws {
        let products = [
            "argumentParser": "ArgumentParser", "httpTypes": "HTTPTypes", "logging": "Logging",
        ]
        let manifest = try SourceTree.text(of: "Package.swift")
        var modules = 0
        for declaration in manifest.split(separator: " module(").dropFirst() {
            let text = declaration.prefix { $0 != ")" }.filter { !$0.isWhitespace }
            let names = text.split { "[]\",".contains($0) }.map(String.init)
            // The declaration of the function `module`.
            guard names[0] != "_name:String" else { continue }
            let allowed = try #require(Self.table[names[0]])
            let dependencies = names.dropFirst().map { products[$0] ?? $0 }
            #expect(Set(dependencies).isSubset(of: allowed), "\(names[0])")
            modules += 1
        }
        #expect(modules == Self.table.count - 1)
    }

    @Test(arguments: [
        "import Glibc", "package import Foundation", "import struct HTTPWire.Request", "@testable import API",
    ])
    func canary_aForbiddenImport_isReported(line: String) {
        let file = SourceTree.File(path: "Sources/Broadcasts/Canary.swift", lines: ["// A comment.", line])
        #expect(Self.violations([file]).count == 1)
    }
}
