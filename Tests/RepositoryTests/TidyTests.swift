import Testing

/// Style rules on the text of the sources. Each rule has a canary that it must find.
@Suite struct TidyTests {
    /// Returns the findings in a file, one line each.
    private typealias Rule = (SourceTree.File) -> [String]

    /// swift-format enforces the same limit for code, but not for comments and string literals.
    private static let columnsMaximum = 110
    /// A longer file must be split.
    private static let linesMaximum = 300
    private static let functionLinesMaximum = 70

    /// Texts that the code must not contain, and what to use instead.
    private static let banned = [
        ("@unchecked Sendable", "a Mutex, or a final class of lets"),
        ("nonisolated(unsafe)", "a Mutex or an Atomic"),
        ("try!", "a do and catch"),
        ("fatalError(", "preconditionFailure"),
        ("import Foundation", "Glibc behind a small function of the module"),
        ("Task.sleep", "an event to wait for"),
        ("usleep(", "an event to wait for"),
        ("print(", "a logger; the commands' own output is the one exception"),
        ("FIX" + "ME", "the change itself"),
        ("TO" + "DO", "the change itself"),
    ]

    /// Code that reads the time or random numbers without the injected clock or source, and the modules that
    /// may contain it.
    private static let ambient: [(word: String, modules: Set<String>)] = [
        ("clock_gettime", ["Time"]), ("ContinuousClock", ["Time"]), ("SuspendingClock", []),
        ("gettimeofday", []), ("time(nil", []), ("SystemRandomNumberGenerator", ["Randomness"]),
        (".random(", []), (".randomElement(", []), (".shuffled(", []), (".shuffle(", []),
        (": .system", ["megaphone"]), ("Clock.system", ["megaphone"]), ("RandomSource.system", ["megaphone"]),
    ]

    private static func ambientCalls(_ file: SourceTree.File) -> [String] {
        file.lines.enumerated().flatMap { index, line in
            let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
            return ambient.filter { code.contains($0.word) && !$0.modules.contains(file.module) }.map {
                "\(file.path):\(index + 1) has \($0.word); use the injected clock or random source"
            }
        }
    }

    /// The commands of the program print their results.
    private static func mayPrint(_ file: SourceTree.File) -> Bool {
        file.path.hasPrefix("Sources/megaphone/")
    }

    private static func longLines(_ file: SourceTree.File) -> [String] {
        file.lines.enumerated().filter { $0.element.count > columnsMaximum }.map {
            "\(file.path):\($0.offset + 1) has \($0.element.count) columns"
        }
    }

    private static func longFile(_ file: SourceTree.File) -> [String] {
        file.lines.count > linesMaximum ? ["\(file.path) has \(file.lines.count) lines"] : []
    }

    /// A function ends at the next closing brace with the indentation of its first line, as swift-format
    /// ensures.
    private static func longFunctions(_ file: SourceTree.File) -> [String] {
        var findings: [String] = []
        for (index, line) in file.lines.enumerated() where isFunctionStart(line) {
            let indentation = line.prefix { $0 == " " }
            let end = file.lines[index...].firstIndex { $0 == indentation + "}" } ?? index
            if end - index >= functionLinesMaximum {
                findings.append("\(file.path):\(index + 1) has a function of \(end - index + 1) lines")
            }
        }
        return findings
    }

    private static func isFunctionStart(_ line: String) -> Bool {
        let words = line.split { " (<".contains($0) }
        guard let position = words.firstIndex(where: { ["func", "init", "deinit"].contains($0) }) else {
            return false
        }
        return words[..<position].allSatisfy { modifiers.contains(String($0)) }
    }

    private static let modifiers: Set<String> = [
        "package", "private", "fileprivate", "internal", "public", "static", "mutating", "consuming",
        "borrowing",
        "override", "convenience", "nonisolated", "final", "@discardableResult", "@inlinable",
    ]

    private static func bannedWords(_ file: SourceTree.File) -> [String] {
        file.lines.enumerated().flatMap { index, line in
            let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
            return banned.filter { word, _ in
                (code.contains(word) || (word.count <= 5 && line.contains(word)))
                    && !(word == "print(" && mayPrint(file)) && !code.contains("\"\(word)")
            }.map { "\(file.path):\(index + 1) has \($0.0); use \($0.1)" }
        }
    }

    /// Types and functions that other modules may use need a doc comment. Initializers and members that are
    /// documented in their protocol are exempt.
    private static func undocumented(_ file: SourceTree.File) -> [String] {
        file.lines.indices.filter { index in
            let line = file.lines[index].drop { $0 == " " }
            guard declaration(line) != nil else { return false }
            var above = index - 1
            while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
            return above < 0 || !file.lines[above].drop { $0 == " " }.hasPrefix("///")
        }.map { "\(file.path):\($0 + 1) is not documented" }
    }

    /// Returns the name of a declared type or function that other modules may use.
    private static func declaration(_ line: Substring) -> Substring? {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func"]
        let words = line.split { " (<:".contains($0) }
        guard words.contains("package"), let position = words.firstIndex(where: kinds.contains),
            position + 1 < words.count,
            words[..<position].allSatisfy({ modifiers.contains(String($0)) || $0.hasPrefix("@") })
        else { return nil }
        let name = words[position + 1]
        return conformanceMembers.contains(name) ? nil : name
    }

    /// Members that are documented in their protocol.
    private static let conformanceMembers: Set<Substring> = [
        "==", "hash", "enqueue", "answer", "response", "put", "read", "check", "close", "add", "modify",
        "remove",
        "wait", "storeDidFinish", "historyWasNotWritten", "apply", "history", "findHoldBack",
    ]

    private func expectNothing(_ rule: Rule, in folders: String...) throws {
        let findings = try folders.flatMap { try SourceTree.files(below: $0) }.flatMap(rule)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    /// Checks comments only, because texts that a test expects may be longer.
    private static func longComments(_ file: SourceTree.File) -> [String] {
        longLines(
            SourceTree.File(
                path: file.path,
                lines: file.lines.map { $0.drop { $0 == " " }.hasPrefix("//") ? $0 : "" }))
    }

    @Test func lines_areNarrow() throws {
        try expectNothing(Self.longLines, in: "Sources")
        try expectNothing(Self.longComments, in: "Tests")
    }

    @Test func files_areShort() throws {
        try expectNothing(Self.longFile, in: "Sources", "Tests")
    }

    @Test func functions_areShort() throws {
        try expectNothing(Self.longFunctions, in: "Sources", "Tests")
    }

    @Test func clockAndRandomSource_areInjected() throws {
        try expectNothing(Self.ambientCalls, in: "Sources")
    }

    @Test func bannedWords_areAbsent() throws {
        try expectNothing(Self.bannedWords, in: "Sources")
    }

    @Test func symbolsForOtherModules_areDocumented() throws {
        try expectNothing(Self.undocumented, in: "Sources")
    }

    @Test func canaries_areFound_byEachRule() {
        func file(_ lines: [String]) -> SourceTree.File {
            SourceTree.File(path: "Sources/Broadcasts/Canary.swift", lines: lines)
        }
        #expect(Self.longComments(file(["// " + String(repeating: "x", count: 108)])).count == 1)
        #expect(Self.longLines(file([String(repeating: "x", count: 111)])).count == 1)
        #expect(Self.longFile(file(Array(repeating: "", count: 301))).count == 1)
        let long = ["    package static func f() {"] + Array(repeating: "        g()", count: 70) + ["    }"]
        #expect(Self.longFunctions(file(long)).count == 1)
        #expect(Self.longFunctions(file(long.dropFirst(0).dropLast(3) + ["    }"])).isEmpty)
        for (word, _) in Self.banned {
            #expect(Self.bannedWords(file(["    \(word)x"])).count == 1, "\(word)")
        }
        for (word, _) in Self.ambient {
            #expect(!Self.ambientCalls(file(["    x\(word)"])).isEmpty, "\(word)")
        }
        #expect(Self.undocumented(file(["package struct Canary {"])).count == 1)
        #expect(Self.undocumented(file(["/// Sings.", "@safe", "package struct Canary {"])).isEmpty)
        #expect(Self.undocumented(file(["", "    package func sing() {"])).count == 1)
    }
}
